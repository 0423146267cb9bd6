"""Cursors: opaque, typed, and refused when they are not ours."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.errors import InvalidError
from services.kit.paging import decode_cursor, encode_cursor, page_of


def test_a_cursor_gives_back_what_it_was_made_of() -> None:
    token, instant = uuid4(), datetime(2026, 3, 7, 23, 10, tzinfo=timezone(timedelta(hours=1)))
    cursor = encode_cursor("acme", 7, instant, token)
    assert decode_cursor(cursor, str, int, datetime, UUID) == ("acme", 7, instant, token)
    assert set(cursor) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def raw(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "é",
        "!!!",
        "a",
        raw({"a": 1}),
        raw([]),
        raw([1, 2]),
        raw(["7"]),
        raw([True]),
        raw([2**63]),
        raw([None]),
        raw(7),
    ],
)
def test_what_is_no_cursor_of_the_list_is_a_fault_of_the_sender(cursor: str) -> None:
    with pytest.raises(InvalidError) as caught:
        decode_cursor(cursor, int)
    assert caught.value.faults[0].field == "after"


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_text_that_postgresql_cannot_keep_is_no_cursor(text: str) -> None:
    with pytest.raises(InvalidError):
        decode_cursor(raw([text]), str)


def test_an_instant_without_zone_is_no_cursor() -> None:
    with pytest.raises(InvalidError):
        decode_cursor(raw(["2026-03-07T10:00:00"]), datetime)
    assert decode_cursor(raw(["2026-03-07T10:00:00Z"]), datetime) == (datetime(2026, 3, 7, 10, tzinfo=UTC),)


@given(st.text())
def test_any_text_is_a_cursor_or_a_fault(text: str) -> None:
    try:
        decode_cursor(text, str, int)
    except InvalidError:
        return


@given(st.lists(st.integers(), max_size=30), st.integers(1, 10))
def test_pages_cover_a_list_once(rows: list[int], limit: int) -> None:
    rows = sorted(set(rows))
    seen: list[int] = []
    while True:
        left = [row for row in rows if not seen or row > seen[-1]]
        page = page_of(left[: limit + 1], limit, str)
        seen += page.items
        assert len(page.items) <= limit
        if page.next is None:
            break
        assert page.next == str(seen[-1])
    assert seen == rows
