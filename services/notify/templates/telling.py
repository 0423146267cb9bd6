"""How templates tell times, figures and places, in French and in English."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from services.contracts.values import Severity
from services.notify.domain.responder import Language

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
_SHAPES = {Severity.CRITICAL: "●", Severity.WARNING: "◆", Severity.INFO: "○"}
_NARROW = "\u202f"  # the French thousands separator: a narrow space that does not break
_HOUR = 60


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
            "number": self.number,
            "percent": self.percent,
            "span": self.span,
            "shape": lambda severity: _SHAPES[Severity(severity)],
            "shorten": shorten,
            "web": lambda url: bool(url) and urlsplit(url).scheme in {"http", "https"},
            "host": lambda url: urlsplit(url).hostname or "",
        }

    def moment(self, instant: datetime) -> str:
        """Day and time on the reader's wall clock."""
        local = instant.astimezone(ZoneInfo(self.zone))
        day, month = _DAYS[self.language][local.weekday()], _MONTHS[self.language][local.month - 1]
        if self.language == "fr":
            ordinal = "1er" if local.day == 1 else str(local.day)
            return f"{day} {ordinal} {month} à {local:%H:%M}"
        return f"{day} {local.day} {month} at {local:%H:%M}"

    def clock(self, instant: datetime) -> str:
        """Time on the reader's wall clock."""
        return f"{instant.astimezone(ZoneInfo(self.zone)):%H:%M}"

    def place(self, zone: str) -> str:
        """The zone, by the name people use."""
        if "/" not in zone:
            return zone
        city = zone.rpartition("/")[2].replace("_", " ")
        return f"heure de {city}" if self.language == "fr" else f"{city} time"

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


def shorten(text: str, most: int) -> str:
    """`text` on one line, cut at a word to at most `most` characters."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    cut = line[: most - 1]
    return f"{cut.rpartition(' ')[0] or cut}…"
