"""Times as a reader wants them: as short as they can be without being mistaken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from services.console.templates.words import say
from services.coverage.phrase import day_name
from services.notify.domain.responder import Language
from services.notify.templates.telling import Telling

Teller = Callable[[datetime, datetime, str, Language], str]
"""An instant, now, the reader's zone and language, to words."""

_WEEK = 6
"""Days within which a weekday's name says which day is meant."""

_SOON_MINUTES = 90
_DAYTIME = range(6, 18)


def when(instant: datetime, now: datetime, zone: str, language: Language) -> str:
    """The time today, the weekday and the time within a week, else the date."""
    local, today = instant.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    telling = Telling(language, zone)
    days = abs((local.date() - today).days)
    if days == 0:
        return telling.clock(instant)
    if days <= _WEEK:
        return f"{day_name(local.isoweekday(), language)} {telling.clock(instant)}"
    return telling.moment(instant)


def due(instant: datetime, now: datetime, zone: str, language: Language) -> str:
    """When something will happen: how soon, if it is soon."""
    minutes = round((instant - now).total_seconds() / 60)
    shown = when(instant, now, zone, language)
    if minutes <= 0:
        return say("now", language)
    if minutes <= _SOON_MINUTES:
        return say("soon", language, minutes=minutes, at=shown)
    return at(instant, now, zone, language)


def at(instant: datetime, now: datetime, zone: str, language: Language) -> str:
    """When something happened, as a sentence goes on: `à 23 h 14`, `samedi 23 h 14`."""
    shown = when(instant, now, zone, language)
    return say("at", language, at=shown) if shown[0].isdigit() else shown


def day(instant: datetime, zone: str) -> str:
    """What people call the time around `instant`: `tonight` or `today`."""
    return "today" if instant.astimezone(ZoneInfo(zone)).hour in _DAYTIME else "tonight"
