"""How much is usual: the same window at the same time on each of the past seven days."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

DAYS = 7
SLOT = timedelta(minutes=10)
"""Past windows end at whole ten minutes: one count serves all arrivals of that slot."""

_DAY = timedelta(days=1)
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")

Counts = Mapping[tuple[datetime, int], Sequence[int]]
"""(slot, window minutes) to the stored mentions of that window 1, 2... 7 days before."""


def slot_of(instant: datetime) -> datetime:
    """`instant` rounded down to the slot."""
    return instant - (instant - _EPOCH) % SLOT


class History:
    """The usual volume of a brand's windows.

    `usual(end, minutes)` is the mean, over the days d of 1..7 since the brand's first mention, of the number of mentions
    in (slot - d days - minutes, slot - d days], where slot is `end` rounded down to ten minutes. None while not one
    whole day of history exists.

    Args:
        counts: What is stored already.
        since: Event time of the brand's first mention ever; None for a new brand.
        closed: Whether all that will be added is counted already (a second look at stored mentions).
    """

    def __init__(self, counts: Counts, since: datetime | None, *, closed: bool = False) -> None:
        self._counts = counts
        self.since = since
        self._closed = closed
        self._new: list[datetime] = []

    def add(self, event_at: datetime) -> None:
        """Count a mention that is not stored yet."""
        if not self._closed:
            insort(self._new, event_at)
        self.since = event_at if self.since is None else min(self.since, event_at)

    def usual(self, end: datetime, minutes: int) -> float | None:
        """Mentions usually seen in such a window, or None while there is no history to say."""
        if self.since is None:
            return None
        slot, length = slot_of(end), timedelta(minutes=minutes)
        days = min(DAYS, (slot - length - self.since) // _DAY)
        if days < 1:
            return None
        stored = self._counts.get((slot, minutes))
        total = sum(stored[:days]) if stored else 0
        if self._new and self._new[0] <= slot - _DAY:
            total += sum(self._added(slot - d * _DAY, length) for d in range(1, days + 1))
        return total / days

    def kept(self, since: datetime) -> dict[tuple[datetime, int], list[int]]:
        """The counts of slots from `since` on with what was added to them: as they are once all of it is stored."""
        return {
            (slot, minutes): [
                count + self._added(slot - day * _DAY, timedelta(minutes=minutes))
                for day, count in enumerate(stored, start=1)
            ]
            for (slot, minutes), stored in self._counts.items()
            if slot >= since
        }

    def _added(self, until: datetime, length: timedelta) -> int:
        return bisect_right(self._new, until) - bisect_right(self._new, until - length)
