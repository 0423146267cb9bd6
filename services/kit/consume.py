"""Reading the bus with exactly-once effects: positions move in the transaction of what was done.

A batch is handled in one transaction that first moves the group's own rows by compare-and-set. So a crash, a
redelivery or a member that was given up for dead changes nothing twice, and no deduplication is needed within a
group: whoever handles a record again finds the row moved, and its transaction rolls back. (Different records may
still carry the same event, when a relay published twice; handlers' ids are derived from the event, so that is
the same row again.)
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from prometheus_client import Counter

from services.contracts.errors import RetryableError
from services.contracts.topics import Topic
from services.kit import deadletters
from services.kit.backoff import Backoff
from services.kit.bus import Bus, BusAwayError, Partition, Subscription
from services.kit.clock import Clock
from services.kit.database import Database, DatabaseAwayError
from services.kit.deadletters import DeadLetter
from services.kit.handling import Batch, Handle, Handling, OnDeadLetter, Received
from services.kit.offsets import FencedError, Positions

__all__ = ["Consumer", "Handle", "OnDeadLetter", "Received"]

_LOOK_FOR_LETTERS = 5.0
_HANDLED = Counter("veilleur_consumer_handled", "Records handled.", ["group", "topic"])
_BURIED = Counter("veilleur_consumer_dead_lettered", "Records set aside as impossible.", ["group", "topic"])
_PAUSED = Counter(
    "veilleur_consumer_pauses", "Times a partition was paused after a failure.", ["group", "topic"]
)
_LOST = Counter(
    "veilleur_consumer_lost", "Records that retention took before they were read.", ["group", "topic"]
)
_log = logging.getLogger(__name__)


class Consumer:
    """Handles what one group reads from some topics, as a `Worker`.

    What `handle` raises decides. `RetryableError`: nothing happened; the partitions concerned pause with a growing
    back-off and are tried for ever, while others go on. Anything else is a poison: the batch is rolled back and
    handled again record by record, in order, and only the records that fail are dead-lettered.

    Args:
        database: Where `handle` writes.
        bus: Where to read.
        clock: Business time, for the moment of a failure.
        group: Unique among all groups; also the worker's name.
        topics: What to read.
        schema: Whose outbox tells of dead letters.
        handle: Does the work of some events, in order per key, in the given transaction. Called again with fewer
            events, or the same, after any failure; must do nothing outside the transaction.
        batch: Most records handled in one transaction.
        on_dead_letter: Called in the transaction that buries a message.
    """

    def __init__(
        self,
        *,
        database: Database,
        bus: Bus,
        clock: Clock,
        group: str,
        topics: Sequence[Topic],
        schema: str,
        handle: Handle,
        batch: int = 500,
        on_dead_letter: OnDeadLetter | None = None,
    ) -> None:
        self.name = group
        self._database = database
        self._bus = bus
        self._topics = topics
        self._batch = batch
        self._subscription: Subscription | None = None
        self._handling = Handling(database, Positions("", group), clock, schema, handle, on_dead_letter)
        self._next: dict[Partition, int] = {}
        self._trouble: dict[Partition, Backoff] = {}
        self._letters_seen: tuple[int, float] | None = None

    async def run_once(self, *, wait: float) -> bool:
        """Handle the next batch. See `Worker.run_once`.

        Raises:
            RetryableError: The database or the bus is away; or nothing can be done but what is paused, and `wait`
                is 0, which leaves it to the caller to come back.
        """
        done = await self._handle_letters()
        subscription = self._subscription or await self._join()
        pauses = self._resume(subscription)
        batch = await subscription.poll(limit=self._batch, wait=0 if done else min([wait, *pauses]))
        if batch:
            done = await self._handle(subscription, batch) or done
        if not done and wait == 0 and (trouble := self.trouble()):
            raise RetryableError(trouble)
        return done

    async def close(self) -> None:
        """Leave the group."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            try:
                await subscription.close()
            except RetryableError as error:
                _log.warning("%s could not say that it leaves: %s", self.name, error)

    async def lag(self) -> Mapping[Partition, int]:
        """How many records the group has before it, by partition."""
        ends: dict[Partition, int] = {}
        for topic in self._topics:
            ends |= await self._bus.ends(topic)
        positions = Positions(await self._bus.identity(), self.name)
        async with self._database.transaction() as tx:
            standing = await positions.read(tx)
        return {partition: max(0, end - standing.get(partition, 0)) for partition, end in ends.items()}

    def trouble(self) -> str | None:
        """Why some partitions do not move, for people; None when all do."""
        stuck = [
            f"{p.topic}/{p.number} ({b.error}; try {b.failures})" for p, b in sorted(self._trouble.items())
        ]
        return f"{self.name} is paused on {', '.join(stuck)}" if stuck else None

    async def _join(self) -> Subscription:
        positions = Positions(await self._bus.identity(), self.name)
        self._handling = replace(self._handling, positions=positions)
        self._subscription = await self._bus.subscribe(self._topics, group=self.name, assigned=self._start)
        return self._subscription

    async def _start(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        async with self._database.transaction() as tx:
            starts = await self._handling.positions.start(tx, partitions)
        self._next |= starts
        return starts

    def _resume(self, subscription: Subscription) -> list[float]:
        """Resume what has paused long enough; returns how long the others still have to."""
        for partition, backoff in list(self._trouble.items()):
            if backoff.forgotten:
                del self._trouble[partition]
            if not backoff.left:
                subscription.resume(partition)
        return [backoff.left for backoff in self._trouble.values() if backoff.left]

    async def _handle(self, subscription: Subscription, batch: Batch) -> bool:
        try:
            letters = await self._handling.attempt(batch, self._next)
        except (DatabaseAwayError, BusAwayError):
            self._rewind(subscription, batch)
            raise
        except FencedError as error:
            _log.warning("%s was fenced: %s", self.name, error)
            await self._reread(subscription, batch)
            return False
        except RetryableError as error:
            return await self._narrow(subscription, batch, error)
        except BaseException:
            # Cancelled, or a bug beyond isolation: whether the commit took place is not known, the rows will tell.
            self._rewind(subscription, batch)
            raise
        ends = {partition: records[-1].offset + 1 for partition, records in batch.items()}
        self._count_lost(batch)
        self._next |= ends
        for partition in batch:
            self._trouble.pop(partition, None)
        self._count(batch, letters)
        await self._tell(subscription, ends)
        return True

    async def _narrow(self, subscription: Subscription, batch: Batch, error: RetryableError) -> bool:
        """Find the partitions that cannot be handled now, pause them, and handle the others."""
        if len(batch) > 1:
            try:
                # Each is a transaction of its own: what one partition waits for must not hold the others.
                return any([await self._handle(subscription, {p: records}) for p, records in batch.items()])
            except BaseException:
                self._rewind(subscription, batch)
                raise
        (partition,) = batch
        backoff = self._trouble.setdefault(partition, Backoff())
        pause = backoff.failed(error)
        _PAUSED.labels(self.name, partition.topic).inc()
        subscription.pause(partition)
        self._rewind(subscription, batch)
        _log.warning("%s pauses %s/%d for %.1f s: %s", self.name, *partition, pause, backoff.error)
        return False

    async def _handle_letters(self) -> bool:
        """Handle again the dead letters for which somebody asked: when woken, and from time to time."""
        count = self._database.wakes.count((deadletters.wake(self.name),))
        if self._letters_seen is not None:
            seen, at = self._letters_seen
            if count == seen and time.monotonic() - at < _LOOK_FOR_LETTERS:
                return False
        handled = 0
        while await self._handling.again():
            handled += 1
        self._letters_seen = (count, time.monotonic())
        return handled > 0

    def _count(self, batch: Batch, letters: Sequence[DeadLetter]) -> None:
        for partition, records in batch.items():
            _HANDLED.labels(self.name, partition.topic).inc(len(records))
        for letter in letters:
            _BURIED.labels(self.name, letter.record.partition.topic).inc()

    def _count_lost(self, batch: Batch) -> None:
        """Tell of records that were gone before the group came to them: it has been away for longer than they are kept.

        A group that is new has missed nothing, and a compacted topic has holes by design.
        """
        compacted = {topic.name for topic in self._topics if topic.compacted}
        for partition, records in batch.items():
            start = self._next[partition]
            lost = records[-1].offset + 1 - start - len(records)
            if not lost or not start or partition.topic in compacted:
                continue
            _LOST.labels(self.name, partition.topic).inc(lost)
            _log.critical(
                "%s has missed %d records of %s/%d for good: they were older than the topic's retention before it came "
                "to read them",
                self.name,
                lost,
                *partition,
            )

    def _rewind(self, subscription: Subscription, batch: Batch) -> None:
        for partition in batch:
            subscription.seek(partition, self._next[partition])

    async def _reread(self, subscription: Subscription, batch: Batch) -> None:
        self._rewind(subscription, batch)
        for partition, offset in (await self._start(list(batch))).items():
            subscription.seek(partition, offset)

    async def _tell(self, subscription: Subscription, ends: Mapping[Partition, int]) -> None:
        try:
            await subscription.commit(ends)
        except BusAwayError as error:
            _log.info(
                "%s could not tell the bus where it stands; nothing depends on it: %s", self.name, error
            )
