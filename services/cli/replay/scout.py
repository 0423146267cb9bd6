"""Looking ahead: in which half-hours something happens, so that only those need be played minute by minute.

What rules find depends on the mentions in their order, not on how many are handled at once: that only decides at which
instant it is told. So a first pass in half-hours finds where rules have anything to say; the second plays these
half-hours by the minute, to the same instants as if all had been, and takes the others at a stride.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.contracts.codec import Envelope
from services.kit.simulation import end_of_minute

STRIDE = timedelta(minutes=30)

WORTH_IT = 500
"""Business minutes with a mention from which on looking ahead costs less than it spares."""

_TICK = timedelta(microseconds=1)
_EPOCH = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


def stride_of(instant: datetime) -> int:
    """The number of the half-hour that `instant` is in."""
    return (instant - _EPOCH) // STRIDE


def end_of_stride(instant: datetime) -> datetime:
    """The last instant of its half-hour."""
    return _EPOCH + (stride_of(instant) + 1) * STRIDE - _TICK


def is_worth_it(arrivals: Iterable[datetime]) -> bool:
    """Whether a feed is long enough to look ahead."""
    return len({end_of_minute(at) for at in arrivals}) >= WORTH_IT


class Lookout:
    """The half-hours in which rules said something: that a situation began, grew, got worse or ended."""

    def __init__(self) -> None:
        self._busy: set[int] = set()

    def note(self, envelopes: Iterable[Envelope]) -> None:
        """Take in what the first pass said about alerts."""
        self._busy.update(stride_of(envelope.occurred_at) for envelope in envelopes)

    def together(self, instant: datetime) -> datetime:
        """How the second pass publishes: by the minute where something was said, by the half-hour elsewhere."""
        return end_of_minute(instant) if stride_of(instant) in self._busy else end_of_stride(instant)
