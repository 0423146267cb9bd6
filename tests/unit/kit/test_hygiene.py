"""What no handler should see is found wherever it hides, and nothing else is refused."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.hygiene import faults_in_body, faults_in_head

JSON = "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"a": "x\\u0000"}', "a"),
        (b'{"a": ["ok", {"b": "\\ud800"}]}', "a[1].b"),
        (b'{"a": "\\uDC00\\uD800"}', "a"),
        (b'{"a": "\xed\xa0\x80"}', "a"),
        (b'{"a\\u0000": 1}', ""),
        (b'["\\u0000"]', "[0]"),
        (b'"\\u0000"', ""),
        (b'{"n": 9223372036854775808}', "n"),
        (b'{"n": -9223372036854775809}', "n"),
        (b'{"n": 1e400}', "n"),
        (b'{"n": NaN}', "n"),
        (b'{"n": -Infinity}', "n"),
        (b'{"n": ' + b"9" * 5000 + b"}", ""),
        ('{"a": "x\\u0000"}'.encode("utf-16"), "a"),
        (b'{"a": "' + b"1" * 20 + b'", "b": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", ""),
    ],
)
def test_what_postgresql_cannot_keep_is_a_fault(body: bytes, field: str) -> None:
    (fault,) = faults_in_body(JSON, body)
    assert fault.field == field


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"a": "\\ud83d\\ude00 \xf0\x9f\x98\x80 NaN Infinity \\\\u0000"}',
        b'{"n": 9223372036854775807, "m": -9223372036854775808, "f": 1e300, "s": "99999999999999999999"}',
        b'{"broken": "\\u0000',
        b"\xff\xfe\xfd",
    ],
)
def test_everything_else_is_left_to_the_route(body: bytes) -> None:
    assert faults_in_body(JSON, body) == []


def test_lines_are_told_by_number() -> None:
    body = b'{"text": "fine"}\nnot json\n{"text": "\\u0000"}\n'
    assert [fault.field for fault in faults_in_body("application/x-ndjson", body)] == ["[2].text"]


def test_forms_hold_no_nul() -> None:
    kind = "application/x-www-form-urlencoded"
    assert faults_in_body(kind, b"name=a%00b")
    assert not faults_in_body(kind, b"name=a%20b")
    assert faults_in_body("multipart/form-data; boundary=x", b'--x\r\nname="a"\r\n\r\n\x00')


def test_a_hundred_faults_are_not_all_told() -> None:
    assert len(faults_in_body(JSON, json.dumps(["\x00"] * 100).encode())) == 20


def test_addresses_and_headers_hold_no_nul() -> None:
    assert faults_in_head("/a\x00", b"", [])[0].field == "path"
    assert faults_in_head("/a", b"q=x%00&b=%00", [])[1].field == "b"
    assert faults_in_head("/a", b"", [(b"x-a", b"\x00")])[0].field == "x-a"
    assert not faults_in_head("/a", b"q=x%2000", [(b"x-a", b"b")])


def fit(value: object) -> bool:
    if isinstance(value, dict):
        return all(fit(name) and fit(inner) for name, inner in value.items())
    if isinstance(value, list):
        return all(fit(inner) for inner in value)
    if isinstance(value, str):
        return "\x00" not in value and not any(0xD800 <= ord(letter) <= 0xDFFF for letter in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or -(2**63) <= value < 2**63


TEXT = st.text(st.characters(exclude_categories=[]), max_size=4) | st.sampled_from(
    ["\x00", "\ud83d\ude00", "\\u0000"]
)
NUMBERS = st.integers(-(2**70), 2**70) | st.floats()


@given(
    st.recursive(
        st.none() | st.booleans() | NUMBERS | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=6,
    ),
    st.booleans(),
)
def test_the_quick_look_misses_nothing(document: object, ascii_only: bool) -> None:
    body = json.dumps(document, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    # What counts is what a reader of the bytes gets: a pair of halves written one after another is one character.
    assert (faults_in_body(JSON, body) == []) == fit(json.loads(body))
