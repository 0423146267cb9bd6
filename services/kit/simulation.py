"""Business time at full speed: a feed and whatever is due decide where the clock stands next.

One loop: settle everything, find the next instant at which something happens, write it down, go there. The clock
moves only while bus, claims and sends are idle, so a run says the same whatever the machine's speed; where it
stands is written down before it goes there, so that a run that was killed goes on from its last stop.

Knows no brand and no pager: a feed of items, a way to publish them, and a runtime.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from sqlalchemy import text

from services.kit.clock import ManualClock
from services.kit.database import Database
from services.kit.runtime import Ticker

_LOAD = text("SELECT now, position FROM kit.simulations WHERE name = :name")
_SAVE = text("""
    INSERT INTO kit.simulations (name, now, position) VALUES (:name, :now, :position)
    ON CONFLICT (name) DO UPDATE
    SET now = excluded.now, position = excluded.position, saved_at = clock_timestamp()
""")

Item = TypeVar("Item")


class Stepped(Protocol):
    """What is simulated: `kit.runtime.Runtime`, as far as this module needs it."""

    async def settle(self) -> None:
        """Do everything that can be done at this business instant."""
        ...

    async def next_due(self) -> datetime | None:
        """The next business instant after this one at which there will be something to do."""
        ...


@dataclass(frozen=True, slots=True)
class Cue(Generic[Item]):
    """Something to publish, and the business instant at which it arrives."""

    at: datetime
    item: Item


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a simulation stands: the business instant, and how many items of its feed are published."""

    now: datetime
    position: int


class Simulation(Generic[Item]):
    """Runs a process through a feed, minute by business minute.

    Args:
        name: Under which its progress is kept; one run a name and database.
        database: Where progress is kept; the simulation has it to itself.
        clock: The clock of everything that is simulated.
        runtime: What to settle at each stop.
        publish: Makes items known to the process. May be told the same items twice, after a run was killed.
        people: Who looks at business time beside the process: scripted answers to what it does. Once what they
            did has settled, they look again, until there is nothing left to do.
        stepped: Called at each stop, when everything has settled.
        together: Given when an item arrives, the last instant that is still published with it; the end of its
            business minute by default.
    """

    def __init__(
        self,
        *,
        name: str,
        database: Database,
        clock: ManualClock,
        runtime: Stepped,
        publish: Callable[[Sequence[Item]], Awaitable[None]],
        people: Sequence[Ticker] = (),
        stepped: Callable[[Stop], Awaitable[None]] | None = None,
        together: Callable[[datetime], datetime] | None = None,
    ) -> None:
        self._name = name
        self._database = database
        self._clock = clock
        self._runtime = runtime
        self._publish = publish
        self._people = people
        self._stepped = stepped
        self._together = together or end_of_minute

    async def resume(self) -> Stop | None:
        """Set the clock to where an earlier run of this name stopped, and say so; None if there was none."""
        async with self._database.transaction() as tx:
            row = (await tx.execute(_LOAD, {"name": self._name})).one_or_none()
        if row is None:
            return None
        self._clock.move_to(row.now)
        return Stop(row.now, row.position)

    async def run(self, feed: Iterable[Cue[Item]], *, until: datetime) -> Stop:
        """Go through `feed` and everything that follows from it, up to `until`.

        Args:
            feed: In order of time; the same one again when a run is resumed, whose published items are skipped.
                Items that arrive together (by default: in the same business minute) are published at the last
                one's instant, unless something is due between them. What is after `until` stays unpublished.
            until: The business instant at which to end.

        Returns:
            Where it ended.

        Raises:
            ValueError: The feed is not in order of time.
        """
        done = await self.resume()
        position = done.position if done else 0
        ahead = _Ahead(feed, skip=position)
        while True:
            await self._settle()
            if self._stepped is not None:
                await self._stepped(Stop(self._clock.now(), position))
            if self._clock.now() >= until and not ahead.has_until(self._clock.now()):
                end = Stop(self._clock.now(), position)
                await self._save(end)
                return end
            due = min((instant for instant in await self._due() if instant < until), default=until)
            batch = ahead.take(due, self._together)
            # An item may be older than the clock where a run starts in the middle of its feed.
            instant = max(batch[-1].at, self._clock.now()) if batch else due
            # Written before anything is published: a run that is killed here publishes the batch once more, at the
            # very same instant, and whoever has seen it knows it by its id.
            await self._save(Stop(instant, position))
            self._clock.move_to(instant)
            if batch:
                await self._publish([cue.item for cue in batch])
                position += len(batch)

    async def _settle(self) -> None:
        while True:
            await self._runtime.settle()
            acted = [await person.tick(self._clock.now()) for person in self._people]
            if not any(acted):
                return

    async def _due(self) -> list[datetime]:
        now = self._clock.now()
        found = [await self._runtime.next_due(), *[await person.next_due(now) for person in self._people]]
        due = [instant for instant in found if instant is not None]
        if any(instant <= now for instant in due):
            raise RuntimeError(f"Something is due at {min(due)}, but settling at {now} did not do it.")
        return due

    async def _save(self, stop: Stop) -> None:
        async with self._database.reading() as connection:
            await connection.execute(_SAVE, {"name": self._name, "now": stop.now, "position": stop.position})


class _Ahead(Generic[Item]):
    """A feed, read one item ahead."""

    def __init__(self, feed: Iterable[Cue[Item]], *, skip: int) -> None:
        self._cues = iter(feed)
        self._next: Cue[Item] | None = None
        for _ in range(skip + 1):
            self._advance()

    def has_until(self, instant: datetime) -> bool:
        """Whether there is an item at or before `instant`."""
        return self._next is not None and self._next.at <= instant

    def take(self, until: datetime, together: Callable[[datetime], datetime]) -> list[Cue[Item]]:
        """The next items that arrive together, none of them after `until`."""
        batch: list[Cue[Item]] = []
        while self._next is not None and self._next.at <= until:
            if batch and self._next.at > together(batch[0].at):
                break
            batch.append(self._next)
            self._advance()
        return batch

    def _advance(self) -> None:
        before, self._next = self._next, next(self._cues, None)
        if before is not None and self._next is not None and self._next.at < before.at:
            raise ValueError(f"The feed goes back in time, from {before.at} to {self._next.at}.")


def end_of_minute(instant: datetime) -> datetime:
    """The last instant of the business minute."""
    return instant.replace(second=59, microsecond=999_999)
