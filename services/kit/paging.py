"""Cursor pagination: a page says where the next one starts, so that rows added meanwhile shift nothing."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from services.contracts.errors import Fault, InvalidError

M = TypeVar("M")
Part = str | int | datetime | UUID

INT8_MAX = 2**63 - 1
"""The largest whole number PostgreSQL keeps in a bigint."""

_NO_TEXT = re.compile("[\x00\ud800-\udfff]")

Limit = Annotated[int, Query(ge=1, le=500, description="How many items at most.")]
After = Annotated[
    str | None, Query(max_length=1000, description="`next` of the page before; leave out for the first.")
]


class Page(BaseModel, Generic[M]):
    """Some of many. `next` is null on the last page, else what to send as `after`."""

    items: list[M]
    next: str | None = Field(default=None, description="Opaque; send it as `after` to get the next page.")


def encode_cursor(*parts: Part) -> str:
    """An opaque, URL-safe cursor that says where the last item of a page stood."""
    plain = [
        part if isinstance(part, int) else part.isoformat() if isinstance(part, datetime) else str(part)
        for part in parts
    ]
    return base64.urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type[Part]) -> tuple[Any, ...]:
    """The parts of a cursor, of the given kinds (`str`, `int`, `datetime`, `UUID`).

    Raises:
        InvalidError: Not a cursor that `encode_cursor` made of these kinds.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        plain = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        return tuple(_READERS[kind](value) for kind, value in zip(kinds, plain, strict=True))
    except (ValueError, TypeError, binascii.Error, OverflowError, RecursionError) as error:
        raise InvalidError(
            Fault(
                "after",
                "This is not a cursor of this list.",
                "Send `next` of the page before, unchanged, or nothing.",
            )
        ) from error


def page_of(items: Sequence[M], limit: int, cursor: Callable[[M], str]) -> Page[M]:
    """A page of `limit` out of rows read with `limit + 1`: the extra row only tells that there is more."""
    kept = list(items[:limit])
    return Page(items=kept, next=cursor(kept[-1]) if len(items) > limit else None)


def _text(value: object) -> str:
    if not isinstance(value, str) or _NO_TEXT.search(value):
        raise ValueError("not text")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > INT8_MAX:
        raise ValueError("not a whole number")
    return value


def _instant(value: object) -> datetime:
    instant = datetime.fromisoformat(_text(value))
    if instant.tzinfo is None:
        raise ValueError("not aware")
    return instant.astimezone(UTC)


_READERS: Mapping[type[Any], Callable[[object], Part]] = {
    str: _text,
    int: _whole,
    datetime: _instant,
    UUID: lambda value: UUID(_text(value)),
}
