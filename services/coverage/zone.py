"""Wall-clock times to instants, across clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones


@cache
def zone_names() -> frozenset[str]:
    """Every IANA zone that this machine knows."""
    return frozenset(available_timezones())


def instant_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which clocks in `zone` show `at` on `day`.

    A time that occurs twice (clocks go back) means its first occurrence. A time that never occurs (clocks go
    forward) means the first instant after the gap. Both ends of two adjacent spans move alike, so that a clock
    change neither opens a hole between them nor makes them overlap.
    """
    wall = datetime.combine(day, at)
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    # In a gap: with the offset of after the change the time lands before it, with that of before, after it.
    return _change_between(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), instant, zone)


def midnight_of(day: date, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) of a local day."""
    return instant_of(day, time.min, zone)


def _change_between(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The instant of the clock change in `(low, high]`, to the second, by bisection."""
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle -= timedelta(microseconds=middle.microsecond)
        if middle <= low:
            break
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high
