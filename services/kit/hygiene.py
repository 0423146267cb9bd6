"""What no handler should ever see: text PostgreSQL cannot keep, and numbers it has no room for.

PostgreSQL refuses NUL characters and lone surrogates in text, and whole numbers beyond 64 bits. Each model could
guard each of its fields; here it is done once, for every route there will ever be.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Depends

from services.contracts.errors import Fault
from services.kit.faults import path_of

_INT8 = 2**63
_MOST_FAULTS = 20

# What a JSON document must contain, as bytes, to hold anything of the above: an escape of NUL or of a surrogate, an
# encoded surrogate, a long run of digits, an exponent of three digits, a non-finite number, or (UTF-16, UTF-32) NUL
# bytes. Only such a document is parsed here; all others cost one pass of a regular expression.
_SUSPICIOUS = re.compile(
    rb"\\u(?:0000|[dD][89a-fA-F])|\xed[\xa0-\xbf]|[0-9]{19}|[eE]\+?[0-9]{3}|NaN|Infinity|\x00"
)
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class RawBody:
    """The dependency behind `raw_body`: does nothing, and says why."""

    reason: str

    async def __call__(self) -> None:
        """Let the body through."""


def raw_body(reason: str) -> Any:  # noqa: ANN401 - as `fastapi.Depends`
    """A FastAPI dependency of a route that judges its body itself, item by item: `dependencies=[raw_body("...")]`.

    Its path must have no parameters. What it echoes of the body must be text that can be encoded.
    """
    return Depends(RawBody(reason))


def faults_in_head(path: str, query: bytes, headers: list[tuple[bytes, bytes]]) -> list[Fault]:
    """NUL characters in the address or in a header."""
    faults = []
    if "\x00" in path:
        faults.append(_nul("path"))
    if b"%00" in query or b"\x00" in query:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        faults += [_nul(name.replace("\x00", "")) for name, value in pairs if "\x00" in name + value]
    faults += [_nul(name.decode("latin-1")) for name, value in headers if b"\x00" in value]
    return faults


def faults_in_body(content_type: str, body: bytes) -> list[Fault]:
    """What is unfit in a JSON, NDJSON or form body. A body that cannot be parsed at all is left to its route."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return _in_json(body, ())
    if kind.endswith(("ndjson", "jsonl")):
        return _in_lines(body)
    if kind == "application/x-www-form-urlencoded" and b"%00" in body:
        return [_nul("form")]
    if kind == "multipart/form-data" and b"\x00" in body and b"filename=" not in body:
        return [_nul("form")]
    return []


def _in_lines(body: bytes) -> list[Fault]:
    if not _SUSPICIOUS.search(body):
        return []
    faults: list[Fault] = []
    for number, line in enumerate(body.splitlines()):
        faults += _in_json(line, (number,))
    return faults[:_MOST_FAULTS]


def _in_json(body: bytes, place: tuple[str | int, ...]) -> list[Fault]:
    if not _SUSPICIOUS.search(body):
        return []
    try:
        document = json.loads(body)
    except RecursionError:
        return [Fault("", "The document is nested too deeply.", "Nest lists and objects less deeply.")]
    except ValueError as error:
        if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
            return []
        # Python refuses to read numbers of thousands of digits.
        return [Fault(path_of(place), "A number is too large.", "Write a number that fits 64 bits.")]
    return list(_walk(document, place))[:_MOST_FAULTS]


def _walk(document: object, place: tuple[str | int, ...]) -> Iterator[Fault]:
    waiting: list[tuple[tuple[str | int, ...], object]] = [(place, document)]
    while waiting:
        where, value = waiting.pop()
        if isinstance(value, dict):
            for name, inner in value.items():
                if problem := _in_text(name):
                    yield Fault(
                        path_of(where), f"A field's name holds {problem}.", "Remove it from the name."
                    )
                else:
                    waiting.append(((*where, name), inner))
        elif isinstance(value, list):
            waiting.extend(((*where, number), inner) for number, inner in enumerate(value))
        elif fault := _in_value(value, path_of(where)):
            yield fault


def _in_value(value: object, field: str) -> Fault | None:
    if isinstance(value, str) and (problem := _in_text(value)):
        return Fault(field, f"The text holds {problem}.", "Remove it from the text.")
    if isinstance(value, int) and not -_INT8 <= value < _INT8:
        return Fault(field, "The number is too large.", "Write a number that fits 64 bits.")
    if isinstance(value, float) and not math.isfinite(value):
        return Fault(field, "The number is not finite.", "Write a finite number, or null.")
    return None


def _in_text(text: str) -> str | None:
    if "\x00" in text:
        return "a NUL character"
    if _SURROGATE.search(text):
        return "half of a surrogate pair, which is no character"
    return None


def _nul(field: str) -> Fault:
    return Fault(field, "It holds a NUL character.", "Remove the character.")
