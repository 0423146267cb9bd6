"""A file of mentions, opened: its encoding and its shape found out, its rows as plain dictionaries."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.contracts.errors import PermanentError

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_PROBED_ROWS = 50
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_CELL_LIMIT = 10_000_000


class UnreadableFileError(PermanentError):
    """The file as a whole cannot be read; nothing was replayed."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the file: where it starts, and its cells, or what is wrong with it.

    Attributes:
        number: Of the line it starts on, from 1.
        cells: Column to value; those of inner objects under `outer.inner`. None if it could not be read.
        problem: Why not.
    """

    number: int
    cells: Mapping[str, Any] | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file.

    Attributes:
        format: For people: `NDJSON, utf-8`.
        lines: In the order of the file.
        columns: Every column that was seen, in the order of the file.
        note: Something people should know about how it was read, or "".
    """

    format: str
    lines: list[Line]
    columns: tuple[str, ...]
    note: str = ""


def read_table(path: Path) -> Table:
    """Open the file: NDJSON if it begins with a brace, else CSV whose delimiter is found out.

    Raises:
        UnreadableFileError: Not a file, empty, or neither of the two.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableFileError(f"{path} cannot be read: {error.strerror}.") from error
    text, encoding, note = _decode(content)
    start = text.lstrip()[:1]
    if not start:
        raise UnreadableFileError(f"{path} is empty.")
    if start == "[":
        raise UnreadableFileError(f"{path} is one JSON array: write one object a line instead (jq -c '.[]').")
    if start == "{":
        return _objects(text, encoding, note)
    return _delimited(path, text, encoding, note)


def _decode(content: bytes) -> tuple[str, str, str]:
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content.decode(encoding, errors="replace"), encoding, ""
    try:
        return content.decode(), "utf-8", ""
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        # cp1252 is what "latin-1" files are in practice; the five bytes it does not know are replaced.
        note = f"It is not UTF-8 (line {line}): read as Windows-1252 (latin-1)."
        return content.decode("cp1252", errors="replace"), "cp1252", note


def _objects(text: str, encoding: str, note: str) -> Table:
    lines, columns = [], dict[str, None]()
    # Not splitlines(): it would also split at separators that are allowed inside JSON strings.
    for number, raw in enumerate(text.split("\n"), 1):
        if not raw.strip():
            continue
        try:
            row = json.loads(raw)
        except (ValueError, RecursionError) as error:
            lines.append(Line(number, None, f"not JSON: {error}"[:200]))
            continue
        if not isinstance(row, dict):
            lines.append(Line(number, None, "not a JSON object"))
            continue
        cells = dict(_flat(row))
        columns.update(dict.fromkeys(cells))
        lines.append(Line(number, cells))
    return Table(f"NDJSON, {encoding}", lines, tuple(columns), note)


def _flat(row: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _delimited(path: Path, text: str, encoding: str, note: str) -> Table:
    csv.field_size_limit(_CELL_LIMIT)
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = [name.strip() for name in next(reader)]
    if len(header) != len(set(header)):
        repeated = ", ".join(name or "(no name)" for name, count in Counter(header).items() if count > 1)
        raise UnreadableFileError(f"{path} has several columns of the same name: {repeated}.")
    lines: list[Line] = []
    while True:
        start = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            lines.append(Line(start, None, f"not CSV: {error}"))
            continue
        if not any(row):
            continue
        if len(row) > len(header):
            problem = f"{len(row)} cells, but {len(header)} columns: is a quote or the delimiter missing?"
            lines.append(Line(start, None, problem))
            continue
        lines.append(Line(start, dict(zip(header, row, strict=False))))
    return Table(f"CSV, {_DELIMITERS[delimiter]}, {encoding}", lines, tuple(header), note)


def _delimiter(text: str) -> str:
    """The delimiter by which most of the first rows have as many cells as the header, and most cells at that."""
    probe = text[:200_000]

    def score(delimiter: str) -> tuple[float, int]:
        reader = csv.reader(io.StringIO(probe, newline=""), delimiter=delimiter)
        counts = []
        try:
            for row in reader:
                if row:
                    counts.append(len(row))
                if len(counts) > _PROBED_ROWS:
                    break
        except csv.Error:
            return (0.0, 0)
        if counts[0] == 1:
            return (0.0, 1)
        return (sum(count == counts[0] for count in counts) / len(counts), counts[0])

    return max(_DELIMITERS, key=score)
