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
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.contracts.codec import decode
from services.contracts.errors import RetryableError, UndecodableError
from services.contracts.events import Event
from services.contracts.topics import Topic
from services.kit import deadletters
from services.kit.backoff import Backoff
from services.kit.bus import Bus, BusAwayError, Partition, Record, Subscription
from services.kit.clock import Clock
from services.kit.database import Database, DatabaseAwayError, Transaction, translated
from services.kit.deadletters import DeadLetter
from services.kit.offsets import FencedError, Positions

_LOOK_FOR_LETTERS = 5.0
_log = logging.getLogger(__name__)

Batch = Mapping[Partition, Sequence[Record]]


@dataclass(frozen=True, slots=True)
class Received:
    """An event as it arrived.

    Attributes:
        record: Where it stood.
        id: The event's own id: the same however often it is published.
        event: What happened.
        occurred_at: Business time at which it did.
    """

    record: Record
    id: UUID
    event: Event
    occurred_at: datetime


Handle = Callable[[Transaction, Sequence[Received]], Awaitable[None]]
OnDeadLetter = Callable[[Transaction, DeadLetter], Awaitable[None]]


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
        self._clock = clock
        self._topics = topics
        self._schema = schema
        self._call = handle
        self._batch = batch
        self._on_dead_letter = on_dead_letter
        self._subscription: Subscription | None = None
        self._positions = Positions("", group)
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
        self._positions = Positions(await self._bus.identity(), self.name)
        self._subscription = await self._bus.subscribe(self._topics, group=self.name, assigned=self._start)
        return self._subscription

    async def _start(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        async with self._database.transaction() as tx:
            starts = await self._positions.start(tx, partitions)
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
            await self._attempt(batch)
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
        self._next |= ends
        for partition in batch:
            self._trouble.pop(partition, None)
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
        subscription.pause(partition)
        self._rewind(subscription, batch)
        _log.warning("%s pauses %s/%d for %.1f s: %s", self.name, *partition, pause, backoff.error)
        return False

    async def _attempt(self, batch: Batch) -> None:
        try:
            await self._handle_together(batch)
        except RetryableError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is found again, and told, record by record
            _log.warning("%s handles a batch record by record, because of %r", self.name, error)
            await self._handle_apart(batch)

    async def _handle_together(self, batch: Batch) -> None:
        async with self._database.transaction() as tx:
            await self._move(tx, batch)
            opened = [self._open(record) for record in _in_order(batch)]
            if received := [one for one in opened if isinstance(one, Received)]:
                await self._call(tx, received)
            await self._bury(tx, [one for one in opened if isinstance(one, DeadLetter)])

    async def _handle_apart(self, batch: Batch) -> None:
        async with self._database.transaction() as tx:
            await self._move(tx, batch)
            letters = []
            for record in _in_order(batch):
                opened = self._open(record)
                letter = await self._handle_alone(tx, opened) if isinstance(opened, Received) else opened
                if letter is not None:
                    letters.append(letter)
            await self._bury(tx, letters)

    async def _handle_alone(self, tx: Transaction, received: Received) -> DeadLetter | None:
        try:
            with translated():
                async with tx.begin_nested():
                    await self._call(tx, [received])
        except RetryableError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it raised, it is told and kept in the letter
            _log.exception(
                "%s cannot handle event %s", self.name, received.id, extra={"event_id": str(received.id)}
            )
            return self._letter(received.record, received.event, error)
        return None

    async def _bury(self, tx: Transaction, letters: Sequence[DeadLetter]) -> None:
        await deadletters.bury(tx, self._schema, letters)
        for letter in letters if self._on_dead_letter else ():
            assert self._on_dead_letter is not None
            try:
                with translated():
                    async with tx.begin_nested():
                        await self._on_dead_letter(tx, letter)
            except RetryableError:
                raise
            except Exception:  # noqa: BLE001 - told in full
                # The letter itself is kept and announced; a failure to make more of it must not block the partition.
                _log.exception("%s could not act on dead letter %s", self.name, letter.id)

    async def _handle_letters(self) -> bool:
        """Handle again the dead letters for which somebody asked."""
        count = self._database.wakes.count((deadletters.wake(self.name),))
        if self._letters_seen is not None:
            seen, at = self._letters_seen
            if count == seen and time.monotonic() - at < _LOOK_FOR_LETTERS:
                return False
        handled = 0
        while await self._handle_letter():
            handled += 1
        self._letters_seen = (count, time.monotonic())
        return handled > 0

    async def _handle_letter(self) -> bool:
        async with self._database.transaction() as tx:
            letter = await deadletters.claim(tx, self.name)
            if letter is None:
                return False
            error: str | None = None
            try:
                with translated():
                    async with tx.begin_nested():
                        await self._call(tx, [_received(letter.record)])
            except DatabaseAwayError:
                raise
            except Exception as failure:  # noqa: BLE001 - told in full, and kept in the letter
                _log.exception("%s still cannot handle dead letter %s", self.name, letter.id)
                error = deadletters.describe(failure)
            await deadletters.settle(tx, letter, error=error, at=self._clock.now())
        return True

    def _open(self, record: Record) -> Received | DeadLetter:
        try:
            return _received(record)
        except UndecodableError as error:
            _log.error("%s cannot read %s: %s", self.name, record.partition, error)
            return self._letter(record, None, error)

    def _letter(self, record: Record, event: Event | None, error: Exception) -> DeadLetter:
        at = self._clock.now()
        return deadletters.dead_letter(self._positions.log, self.name, record, event, error=error, at=at)

    async def _move(self, tx: Transaction, batch: Batch) -> None:
        moves = {p: (self._next[p], records[-1].offset + 1) for p, records in batch.items()}
        await self._positions.move(tx, moves)

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


def _in_order(batch: Batch) -> Iterator[Record]:
    for partition in sorted(batch):
        yield from batch[partition]


def _received(record: Record) -> Received:
    envelope = decode(record.value)
    return Received(record, envelope.id, envelope.event, envelope.occurred_at)
