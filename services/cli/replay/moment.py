"""When a row says it was published, in whatever way exports write dates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""Outside of this span a date is a mistake (an empty cell read as 1970), and would make time run for decades."""

_EPOCH = re.compile(r"\d{9,16}(?:\.\d+)?")
_MILLISECONDS = 100_000_000_000  # as seconds this is the year 5138; as milliseconds, 1973
_MICROSECONDS = 1000 * _MILLISECONDS
_SLASHED = re.compile(
    r"(?P<first>\d{1,2})[/.-](?P<second>\d{1,2})[/.-](?P<year>\d{4})"
    r"(?:[ T,]+(?:à )?(?P<hour>\d{1,2})[:h](?P<minute>\d{2})(?::(?P<seconds>\d{2}))?\s*(?P<half>[AaPp][Mm])?)?"
)
_TWITTER = "%a %b %d %H:%M:%S %z %Y"
_NOON = 12


class Calendar:
    """Reads dates of one file.

    Args:
        zone: Of dates that name none.
        month_first: Whether 03/04/2026 is in March rather than in April.
    """

    def __init__(self, zone: ZoneInfo, *, month_first: bool = False) -> None:
        self._zone = zone
        self._month_first = month_first

    def read(self, value: object) -> datetime:
        """The instant that `value` tells, in UTC.

        Raises:
            ValueError: It cannot be read, or is not plausible; says so.
        """
        text = str(value).strip()
        found = self._read(text)
        if found is None:
            raise ValueError(f"'{text[:60]}' is not a date that can be read")
        if found.tzinfo is None:
            found = found.replace(tzinfo=self._zone)
        # Compared before it is converted: the conversion of year 1 overflows.
        if not EARLIEST.year <= found.year < LATEST.year:
            raise ValueError(f"'{text[:60]}' is not a plausible date")
        return found.astimezone(UTC)

    def _read(self, text: str) -> datetime | None:
        if _EPOCH.fullmatch(text):
            return _from_epoch(float(text))
        if match := _SLASHED.fullmatch(text):
            return self._from_parts(match)
        for read in (datetime.fromisoformat, parsedate_to_datetime, _from_twitter):
            try:
                return read(text)
            except (ValueError, TypeError, IndexError):
                continue
        return None

    def _from_parts(self, match: re.Match[str]) -> datetime | None:
        first, second = int(match["first"]), int(match["second"])
        month, day = (first, second) if self._month_first else (second, first)
        hour = int(match["hour"] or 0)
        if match["half"]:
            hour = hour % _NOON + (_NOON if match["half"].lower() == "pm" else 0)
        minute, seconds = int(match["minute"] or 0), int(match["seconds"] or 0)
        try:
            return datetime.fromisoformat(
                f"{match['year']}-{month:02}-{day:02}T{hour:02}:{minute:02}:{seconds:02}"
            )
        except ValueError:
            return None


def is_month_first(values: Iterable[object]) -> bool:
    """Whether dates such as 03/14/2026 among `values` can only be read with the month first."""
    month_first = False
    for value in values:
        if match := _SLASHED.fullmatch(str(value).strip()):
            if int(match["first"]) > _NOON:
                return False
            month_first = month_first or int(match["second"]) > _NOON
    return month_first


def _from_epoch(number: float) -> datetime | None:
    if number >= _MICROSECONDS:
        number /= 1_000_000
    elif number >= _MILLISECONDS:
        number /= 1000
    try:
        return datetime.fromtimestamp(number, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _from_twitter(text: str) -> datetime:
    return datetime.strptime(text, _TWITTER)  # noqa: DTZ007 - the format has its %z
