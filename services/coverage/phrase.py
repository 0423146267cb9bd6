"""Why a team is on duty or not, in the words of the people who read it."""

from __future__ import annotations

from datetime import time
from typing import Literal

Language = Literal["fr", "en"]

_DAYS: dict[Language, tuple[str, ...]] = {
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}

_PHRASES: dict[str, dict[Language, str]] = {
    "on_duty": {"fr": "équipe présente de {start} à {end}", "en": "team on duty from {start} to {end}"},
    "before_hours": {"fr": "avant {end}", "en": "before {end}"},
    "between_hours": {"fr": "entre {start} et {end}", "en": "between {start} and {end}"},
    "after_hours": {"fr": "après {start}", "en": "after {start}"},
    "closure": {"fr": "fermeture : {reason}", "en": "closed: {reason}"},
    "never_on_duty": {"fr": "aucune plage de présence", "en": "no duty hours at all"},
    "outside_calendar": {"fr": "hors du calendrier connu", "en": "outside the known calendar"},
}


def day_name(weekday: int, language: Language) -> str:
    """The name of an ISO weekday (1 is Monday)."""
    return _DAYS[language][weekday - 1]


def hour(at: time, language: Language) -> str:
    """A time of day as people write it: `18 h`, `9 h 30`; `18:00`, `09:30` in English."""
    if language == "en":
        return f"{at:%H:%M}"
    return f"{at.hour} h" if at.minute == 0 else f"{at.hour} h {at.minute:02d}"


def phrase(code: str, language: Language, **parts: str) -> str:
    """The sentence for a reason code, its parts filled in."""
    return _PHRASES[code][language].format(**parts)
