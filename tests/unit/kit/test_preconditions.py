"""ETag headers, as RFC 9110 reads them."""

from __future__ import annotations

import pytest

from services.contracts.errors import InvalidError
from services.kit.preconditions import etag, parse_match, required_match
from services.kit.problems import ProblemError


@pytest.mark.parametrize(
    ("header", "accepted", "resembling"),
    [
        ('"3"', {3}, {3}),
        ('"3", "4"', {3, 4}, {3, 4}),
        ('  "3" ,"4"  ', {3, 4}, {3, 4}),
        ('W/"3"', set(), {3}),
        ('W/"3", "4"', {4}, {3, 4}),
        ('"abc"', set(), set()),
        ('"3,4"', set(), set()),
        ('"03"', set(), set()),
        ('"99999999999999999999"', set(), set()),
        ('""', set(), set()),
        ("*", {1, 3, 4}, {1, 3, 4}),
    ],
)
def test_which_versions_a_header_accepts(header: str, accepted: set[int], resembling: set[int]) -> None:
    match = parse_match(header)
    assert {version for version in (1, 3, 4) if match.accepts(version)} == accepted
    assert {version for version in (1, 3, 4) if match.resembles(version)} == resembling


@pytest.mark.parametrize("header", ["3", "", '"3', '3"', '"3" "4"', '"3";', "**", "'3'", 'w/"3"'])
def test_a_header_that_is_no_list_of_tags_is_a_fault_with_its_mending(header: str) -> None:
    with pytest.raises(InvalidError) as caught:
        parse_match(header)
    assert '"3"' in caught.value.faults[0].fix


def test_a_tag_is_quoted() -> None:
    assert etag(3) == '"3"'
    assert parse_match(etag(3)).accepts(3)


def test_a_write_without_a_version_is_told_to_send_one() -> None:
    with pytest.raises(ProblemError) as caught:
        required_match(None)
    assert caught.value.status == 428
