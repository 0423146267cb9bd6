"""Sliding windows in event time over a brand's recent mentions, kept up to date one arrival at a time.

Whatever the order of arrival, the figures of a window are those of the set of mentions inside it: a late mention is
inserted where it belongs, an edit replaces what it edits, and what leaves is taken off exactly.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

_LAST = UUID(int=2**128 - 1)


class Entry(NamedTuple):
    """What windows need to know of a mention.

    Attributes:
        mention_id: Whose.
        event_at: When it counts.
        negative: Whether its tone is.
        author: What makes two mentions be of one author.
        followers: Of the author; 0 where unknown.
        risk: 0 to 100.
    """

    mention_id: UUID
    event_at: datetime
    negative: bool
    author: str
    followers: int
    risk: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a window. `reach` adds each author's followers once."""

    mentions: int
    negative: int
    authors: int
    reach: int
    max_risk: int

    @property
    def negative_share(self) -> float:
        """Share of negative mentions, 0 to 1; 0 for none."""
        return self.negative / self.mentions if self.mentions else 0.0


class Tally:
    """Figures that entries can be added to and taken from, in any order."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._mentions = self._negative = self._reach = 0
        self._authors: dict[str, list[int]] = {}
        self._risks = [0] * 101
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """Count `entry` in."""
        self._mentions += 1
        self._negative += entry.negative
        self._risks[entry.risk] += 1
        followers = self._authors.setdefault(entry.author, [])
        self._reach -= max(followers, default=0)
        followers.append(entry.followers)
        self._reach += max(followers)

    def remove(self, entry: Entry) -> None:
        """Take `entry`, added before, off again."""
        self._mentions -= 1
        self._negative -= entry.negative
        self._risks[entry.risk] -= 1
        followers = self._authors[entry.author]
        self._reach -= max(followers)
        followers.remove(entry.followers)
        self._reach += max(followers, default=0)
        if not followers:
            del self._authors[entry.author]

    def figures(self) -> Figures:
        """As they stand."""
        worst = next((risk for risk in range(100, 0, -1) if self._risks[risk]), 0)
        return Figures(self._mentions, self._negative, len(self._authors), self._reach, worst)


class Tail:
    """A brand's recent mentions, in order of event time."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries = {entry.mention_id: entry for entry in entries}
        self._order = sorted((entry.event_at, entry.mention_id) for entry in self._entries.values())

    def put(self, entry: Entry) -> Entry | None:
        """Insert `entry`; returns what it replaces (an earlier revision, of the same event time)."""
        replaced = self._entries.get(entry.mention_id)
        self._entries[entry.mention_id] = entry
        if replaced is None:
            insort(self._order, (entry.event_at, entry.mention_id))
        return replaced

    def forget(self, until: datetime) -> None:
        """Drop the entries of event time up to `until`: no window reaches back to them any more."""
        stop = bisect_right(self._order, (until, _LAST))
        for _, mention_id in self._order[:stop]:
            del self._entries[mention_id]
        del self._order[:stop]

    def between(self, after: datetime, until: datetime) -> Iterator[Entry]:
        """The entries of `after` < event time <= `until`, in order."""
        start = bisect_right(self._order, (after, _LAST))
        stop = bisect_right(self._order, (until, _LAST))
        for _, mention_id in self._order[start:stop]:
            yield self._entries[mention_id]


class Window:
    """The last `minutes` of a tail, ending at the newest event time told by `advance`.

    Args:
        tail: What it slides over; entries are put there first.
        minutes: Its length.
        end: Where it stands.
    """

    def __init__(self, tail: Tail, minutes: int, end: datetime) -> None:
        self._tail = tail
        self.minutes = minutes
        self.length = timedelta(minutes=minutes)
        self.end = end
        self._tally = Tally(tail.between(end - self.length, end))

    def advance(self, end: datetime) -> None:
        """Move to `end`, at or after where it stands: what comes in is counted, what falls out is not any more."""
        if end <= self.end:
            return
        for entry in self._tail.between(self.end - self.length, min(self.end, end - self.length)):
            self._tally.remove(entry)
        for entry in self._tail.between(max(self.end, end - self.length), end):
            self._tally.add(entry)
        self.end = end

    def note(self, entry: Entry, replaced: Entry | None) -> None:
        """Count an entry just put into the tail, if it lies inside."""
        if self.end - self.length < entry.event_at <= self.end:
            if replaced is not None:
                self._tally.remove(replaced)
            self._tally.add(entry)

    def figures(self) -> Figures:
        """Of the window as it stands."""
        return self._tally.figures()

    def figures_at(self, end: datetime) -> Figures:
        """Of the same length of window ending at an earlier `end`; costs the mentions inside it."""
        return Tally(self._tail.between(end - self.length, end)).figures()

    def worst(self, end: datetime, limit: int = 10) -> list[Entry]:
        """The riskiest mentions of the window ending at `end`, worst first; ties by followers, then by time."""
        inside = self._tail.between(end - self.length, end)
        return sorted(
            inside, key=lambda e: (-e.risk, not e.negative, -e.followers, e.event_at, e.mention_id)
        )[:limit]

    def first(self, end: datetime) -> Entry | None:
        """The first negative mention of the window ending at `end`; the first of all where none is negative."""
        inside = list(self._tail.between(end - self.length, end))
        return next((entry for entry in inside if entry.negative), inside[0] if inside else None)
