"""How ops write down when a team is on duty. `services.coverage` reads it; this module only says its shape."""

from __future__ import annotations

from datetime import date, time
from enum import IntEnum

from pydantic import Field

from services.contracts.values import Slug, Value


class Weekday(IntEnum):
    """ISO weekday numbers."""

    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6
    SUNDAY = 7


class DutyWindow(Value):
    """A weekly span of duty, in the coverage's own zone, on the wall clock.

    Attributes:
        days: The days it starts on.
        start: First covered minute.
        end: First minute no longer covered. At or before `start`, it is on the next day (a night shift);
            00:00 is midnight at the end of the day.
    """

    days: tuple[Weekday, ...] = Field(min_length=1)
    start: time
    end: time


class Closure(Value):
    """Whole days on which nobody is on duty: first and last day included."""

    first: date
    last: date
    reason: str = Field(min_length=1, max_length=200)


class CoverageSpec(Value):
    """When a brand's team is on duty: weekly windows, minus public holidays and closures.

    Attributes:
        brand: Whose.
        team: The team's name, for people.
        zone: IANA time zone; windows and days are on its wall clock.
        windows: Weekly spans. None at all means never on duty: every instant is off-hours.
        holiday_country: ISO 3166 country whose public holidays close the day, or None for no holidays.
        holiday_subdivision: A subdivision of it that has its own holidays, or None.
        closures: Days off of the company itself.
    """

    brand: Slug
    team: str = Field(default="team", min_length=1, max_length=100)
    zone: str = "Europe/Paris"
    windows: tuple[DutyWindow, ...] = ()
    holiday_country: str | None = "FR"
    holiday_subdivision: str | None = None
    closures: tuple[Closure, ...] = ()
