"""Rows of a table to mentions in order of time; bad ones are told, never fatal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from services.cli.replay.column import Mapped, folded
from services.cli.replay.moment import Calendar, is_month_first
from services.cli.replay.table import Line, Table
from services.ingest.domain.submission import Draft, SubmittedMention
from services.kit.simulation import Cue

_NUMBER = re.compile(r"(?P<digits>\d[\d\s.,'\u00a0\u202f]*?)(?P<unit>[kKmM])?")
_UNITS = {"k": 1_000, "m": 1_000_000}
_TRUE = frozenset({"true", "1", "yes", "oui", "vrai", "t", "y"})
_SLUG = 64


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was left out, and why."""

    line: int
    problem: str


@dataclass(frozen=True, slots=True)
class Rows:
    """What a table holds.

    Attributes:
        cues: Mentions in order of arrival (when they were published, or last edited).
        bad: Rows left out.
        repeated: How many of the mentions say again what an earlier one said (same source and id, same revision).
    """

    cues: Sequence[Cue[Draft]]
    bad: Sequence[BadRow]
    repeated: int

    @property
    def first(self) -> datetime:
        """When the first mention arrives."""
        return self.cues[0].at

    @property
    def last(self) -> datetime:
        """When the last mention arrives."""
        return self.cues[-1].at


def read_rows(table: Table, mapped: Mapped, zone: ZoneInfo) -> Rows:
    """The mentions of `table`.

    Args:
        table: The file.
        mapped: Which column is which field.
        zone: Of dates that name none.
    """
    column = mapped.columns["published_at"]
    month_first = is_month_first(line.cells.get(column, "") for line in table.lines if line.cells is not None)
    calendar = Calendar(zone, month_first=month_first)
    cues: list[Cue[Draft]] = []
    bad: list[BadRow] = []
    for line in table.lines:
        try:
            cues.append(_cue(line, mapped.columns, calendar))
        except ValidationError as error:
            bad.append(BadRow(line.number, "; ".join(_faults(error))))
        except ValueError as error:
            bad.append(BadRow(line.number, str(error)))
    # Stable: rows of one instant stay in the order of the file.
    cues.sort(key=lambda cue: cue.at)
    seen = {(cue.item.submitted.source, cue.item.external_id, cue.item.revision) for cue in cues}
    return Rows(cues, bad, len(cues) - len(seen))


def _cue(line: Line, columns: Mapping[str, str], calendar: Calendar) -> Cue[Draft]:
    if line.cells is None:
        raise ValueError(line.problem)
    cells = line.cells
    given = {field: cells.get(column) for field, column in columns.items()}
    given = {field: value for field, value in given.items() if value is not None and str(value).strip()}
    for field in ("text", "published_at"):
        if field not in given:
            raise ValueError(f"no {field} (column '{columns[field]}')")
    published = calendar.read(given["published_at"])
    edited = calendar.read(given["edited_at"]) if "edited_at" in given else None
    submitted = SubmittedMention.model_validate(
        dict(_fields(given), published_at=published, edited_at=edited)
    )
    arrived = max(published, edited or published)
    draft = Draft.of(submitted, received_at=arrived, source_kind="file")
    if draft is None:
        raise ValueError("its text holds nothing to read")
    return Cue(arrived, draft)


def _fields(given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What `SubmittedMention` is made of, apart from dates."""
    for field in ("text", "title", "url", "external_id", "language"):
        if field in given:
            yield field, str(given[field]).strip()
    if "source" in given:
        yield "source", slug_of(str(given["source"])) or "file"
    else:
        yield "source", "file"
    for field in ("engagement", "revision"):
        if field in given:
            yield field, _count(field, given[field])
    author = {"name": "author", "handle": "handle"}
    known: dict[str, Any] = {
        name: str(given[field]).strip() for name, field in author.items() if field in given
    }
    if "followers" in given:
        known["followers"] = _count("followers", given["followers"])
    if "verified" in given:
        known["verified"] = str(given["verified"]).strip().casefold() in _TRUE
    if known:
        yield "author", known


def _count(field: str, value: object) -> int:
    """A count as exports write them: 12, 12.0, 12 300, 12,300 or 1.2k.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 2**53:
        return int(value)
    text = str(value).strip()
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(f"{field}: '{text[:40]}' is not a count")
    digits = re.sub(r"[\s'\u00a0\u202f]", "", match["digits"])
    if match["unit"]:
        return int(float(digits.replace(",", ".")) * _UNITS[match["unit"].lower()])
    # A group of exactly three digits after a mark is thousands; anything else is a fraction.
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", digits):
        return int(re.sub(r"[.,]", "", digits))
    return int(float(digits.replace(",", ".")))


def _faults(error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_url=False, include_input=False):
        yield f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"


def slug_of(name: str) -> str:
    """`name` as an id: `Maison Lacombe` is `maison-lacombe`; "" if nothing of it is left."""
    return folded(name).replace("_", "-")[:_SLUG].strip("-")
