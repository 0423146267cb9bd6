"""A group member's reading of the log."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from services.contracts.topics import Topic
from services.kit.bus import Assigned, BusAwayError, Partition, Record
from services.kit.database import DatabaseAwayError
from services.kit.pglog import group, records
from services.kit.pglog.group import Member, Place, Standing

if TYPE_CHECKING:
    from services.kit.pglog.log import PgLog

_LOOK, _LOOK_DEAF = 5.0, 0.5
"""Machine seconds between two looks without being woken: with and without the connection that wakes."""


@contextmanager
def as_bus() -> Iterator[None]:
    """For readers of the bus, the database being away is the bus being away."""
    try:
        yield
    except DatabaseAwayError as error:
        raise BusAwayError(f"The log cannot be reached: {error}") from error


class PgSubscription:
    """Keeps `services.kit.bus.Subscription` on `PgLog`."""

    def __init__(self, log: PgLog, topics: Sequence[Topic], group_name: str, assigned: Assigned) -> None:
        self.id: UUID = uuid4()
        self.polled_at = time.monotonic()
        self._log = log
        self._group = group_name
        self._assigned = assigned
        self._topics = {log.full(topic.name): topic.name for topic in topics}
        self._wake = f"group:{group_name}"
        self._names = frozenset({*self._topics, self._wake})
        self._next: dict[Partition, int] = {}
        self._paused: set[Partition] = set()
        self._turn = 0
        self._synchronised_at: float | None = None
        self._group_seen = -1
        self._idle_at: int | None = None

    async def poll(self, *, limit: int, wait: float) -> Mapping[Partition, Sequence[Record]]:
        """See `Subscription.poll`."""
        until = time.monotonic() + wait
        wakes = self._log.database.wakes
        while True:
            self.polled_at = time.monotonic()
            seen = wakes.count(self._names)
            with as_bus():
                await self._synchronise_if_due()
                found = await self._read(limit)
            left = until - time.monotonic()
            if found or left <= 0:
                return found
            look = _LOOK if wakes.session or self._log.database.alone else _LOOK_DEAF
            # A pause or a seek by another task is noticed at the next look at the latest.
            await wakes.wait(self._names, seen=seen, timeout=min(left, look, group.HEARTBEAT))

    def seek(self, partition: Partition, offset: int) -> None:
        """See `Subscription.seek`."""
        if partition in self._next:
            self._next[partition] = offset
            self._idle_at = None

    def pause(self, partition: Partition) -> None:
        """See `Subscription.pause`."""
        self._paused.add(partition)

    def resume(self, partition: Partition) -> None:
        """See `Subscription.resume`."""
        self._paused.discard(partition)
        self._idle_at = None

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Nothing: the positions of consumers stand in the same database already."""

    async def close(self) -> None:
        """See `Subscription.close`."""
        self._log.forget(self)
        self._next = {}
        with as_bus():
            async with self._log.database.transaction() as tx:
                await group.leave(tx, self._member())
                await self._log.announce(tx, self._wake)

    async def _synchronise_if_due(self) -> None:
        seen = self._log.database.wakes.count((self._wake,))
        now = time.monotonic()
        due = self._synchronised_at is None or now - self._synchronised_at >= group.HEARTBEAT
        if not due and seen == self._group_seen:
            return
        async with self._log.database.transaction() as tx:
            standing = await group.synchronise(tx, self._member(), self._log.partitions)
            if standing.changed:
                await self._log.announce(tx, self._wake)
        await self._take(standing)
        # Our own announcement is no news to us.
        own = int(standing.changed and self._log.database.wakes.count((self._wake,)) == seen + 1)
        self._synchronised_at, self._group_seen = now, seen + own

    async def _take(self, standing: Standing) -> None:
        owned = {self._partition(place) for place in standing.owned}
        if standing.joined:
            self._next = {}
        self._next = {partition: offset for partition, offset in self._next.items() if partition in owned}
        self._paused &= owned
        if new := sorted(owned - self._next.keys()):
            starts = await self._assigned(new)
            self._next |= {partition: starts[partition] for partition in new}
            self._idle_at = None

    async def _read(self, limit: int) -> Mapping[Partition, Sequence[Record]]:
        seen = self._log.database.wakes.count(self._topics)
        wanted = [p for p in self._next if p not in self._paused]
        if not wanted or (self._log.database.alone and self._idle_at == seen):
            return {}
        # Another partition is first in line each time, so that a full one cannot starve the others.
        self._turn = (self._turn + 1) % len(wanted)
        line = [records.Wanted(p, self._next[p]) for p in wanted[self._turn :] + wanted[: self._turn]]
        async with self._log.database.reading() as connection:
            found = await records.read(connection, line, prefix=self._log.full(""), limit=limit)
        for partition, read in found.items():
            self._next[partition] = read[-1].offset + 1
        # Less than was asked for is all there was: only what is published from now on is worth another look.
        self._idle_at = seen if sum(map(len, found.values())) < limit else None
        return found

    def _member(self) -> Member:
        return Member(self._group, self.id, sorted(self._topics), self._log.database.wakes.session)

    def _partition(self, place: Place) -> Partition:
        return Partition(self._topics[place[0]], place[1])
