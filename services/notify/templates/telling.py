"""How templates tell times, figures and places, in French and in English."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from services.contracts.values import Severity
from services.notify.domain.responder import Language
from services.notify.templates.typography import one_line, shorten

_DAYS = {
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = {
    "fr": (
        "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
        "décembre",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ),
}  # fmt: skip
# Cities of the zone database whose French name is another: those of teams that a French brand is likely to have.
_VILLES = {
    "Algiers": "Alger", "Athens": "Athènes", "Beirut": "Beyrouth", "Brussels": "Bruxelles", "Cairo": "Le Caire",
    "Copenhagen": "Copenhague", "Lisbon": "Lisbonne", "London": "Londres", "Martinique": "la Martinique",
    "Moscow": "Moscou", "Reunion": "La Réunion", "Singapore": "Singapour", "Vienna": "Vienne", "Warsaw": "Varsovie",
}  # fmt: skip
_SHAPES = {Severity.CRITICAL: "●", Severity.WARNING: "◆", Severity.INFO: "○"}
_NARROW = "\u202f"  # the French thousands separator: a narrow space that does not break
_HOUR = 60
_NIGHT = range(7, 22)  # hours of the day in which nobody is told to go back to sleep
_ADDRESS = re.compile(r"https?://[^\s<>\"]{1,1000}")


@dataclass(frozen=True, slots=True)
class Telling:
    """Words for one reader: their language and their zone."""

    language: Language
    zone: str

    def filters(self) -> dict[str, Callable[..., object]]:
        """What templates call, by name."""
        return {
            "moment": self.moment,
            "clock": self.clock,
            "place": self.place,
            "night": self.night,
            "shape": lambda severity: _SHAPES[Severity(severity)],
            "line": one_line,
            "ucfirst": lambda text: text[:1].upper() + text[1:],
            "shorten": shorten,
            "web": web,
            "host": lambda url: urlsplit(url).hostname or "",
        }

    def moment(self, instant: datetime) -> str:
        """Day and time on the reader's wall clock: `samedi 7 mars à 22 h 40`, `Saturday 7 March at 22:40`."""
        local = self._local(instant)
        day, month = _DAYS[self.language][local.weekday()], _MONTHS[self.language][local.month - 1]
        if self.language == "fr":
            ordinal = "1er" if local.day == 1 else str(local.day)
            return f"{day} {ordinal} {month} à {self.clock(instant)}"
        return f"{day} {local.day} {month} at {self.clock(instant)}"

    def brief(self, instant: datetime) -> str:
        """Weekday and time, as short as they are clear: `sam. 22 h 40`, `Sat 22:40`."""
        day = _DAYS[self.language][self._local(instant).weekday()][:3]
        return f"{day}. {self.clock(instant)}" if self.language == "fr" else f"{day} {self.clock(instant)}"

    def clock(self, instant: datetime) -> str:
        """Time on the reader's wall clock: `22 h 40` or `9 h`; `22:40` or `09:00` in English."""
        local = self._local(instant)
        if self.language == "en":
            return f"{local:%H:%M}"
        return f"{local.hour} h {local.minute:02d}" if local.minute else f"{local.hour} h"

    def same_day(self, one: datetime, other: datetime) -> bool:
        """Whether both are on the same day of the reader's calendar."""
        return self._local(one).date() == self._local(other).date()

    def night(self, instant: datetime) -> bool:
        """Whether people sleep at that hour."""
        return self._local(instant).hour not in _NIGHT

    def place(self, zone: str) -> str:
        """The zone, by the name people use: `heure de Paris`, `Paris time`."""
        city = self.city(zone)
        if "/" not in zone:
            return city
        if self.language == "en":
            return f"{city} time"
        if city.startswith("Le "):
            return f"heure du {city.removeprefix('Le ')}"
        return f"heure d'{city}" if city[0] in "AEIOUYÉ" else f"heure de {city}"

    def city(self, zone: str) -> str:
        """The city that a zone is named after; the zone itself if it is not."""
        name = zone.rpartition("/")[2].replace("_", " ")
        return _VILLES.get(name, name) if self.language == "fr" else name

    def number(self, value: float) -> str:
        """A count, or a figure with one digit behind the point where it is small."""
        digits = 0 if value == int(value) or value >= 10 else 1  # noqa: PLR2004 - "4,2 d'habitude", "18 d'habitude"
        plain = f"{value:,.{digits}f}"
        return plain.replace(",", _NARROW).replace(".", ",") if self.language == "fr" else plain

    def percent(self, share: float) -> str:
        """A share of 0 to 1 in hundredths."""
        return f"{share * 100:.0f}{_NARROW}%" if self.language == "fr" else f"{share * 100:.0f}%"

    def span(self, minutes: int) -> str:
        """A length of time: minutes, or whole hours."""
        if minutes % _HOUR == 0 and minutes:
            hours = minutes // _HOUR
            word = "heure" if self.language == "fr" else "hour"
            return f"{hours} {word}{'s' if hours > 1 else ''}"
        return f"{minutes} min"

    def _local(self, instant: datetime) -> datetime:
        return instant.astimezone(ZoneInfo(self.zone))


def web(url: str | None) -> bool:
    """Whether `url` is an address that may be shown as a link: http or https, whole, and on one line."""
    if not url or not _ADDRESS.fullmatch(url):
        return False
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:  # half an IPv6 address, a port that is no number
        return False
