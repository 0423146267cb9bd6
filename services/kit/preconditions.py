"""`ETag`, `If-Match` and `If-None-Match`, as RFC 9110 reads them: what ops edit is never overwritten unseen."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.contracts.errors import Fault, InvalidError
from services.kit.problems import ProblemError

_TAG = re.compile(r'\s*(W/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|$)')
_VERSION = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class Match:
    """What a conditional header accepts: some strong versions, some weak ones, or anything (`*`)."""

    anything: bool = False
    strong: frozenset[int] = frozenset()
    weak: frozenset[int] = frozenset()

    def accepts(self, version: int) -> bool:
        """Strong comparison, for `If-Match`: a weak tag never matches."""
        return self.anything or version in self.strong

    def resembles(self, version: int) -> bool:
        """Weak comparison, for `If-None-Match` on GET."""
        return self.accepts(version) or version in self.weak


def etag(version: int) -> str:
    """The strong entity tag of a version."""
    return f'"{version}"'


def parse_match(header: str, *, name: str = "If-Match") -> Match:
    """The tags of an `If-Match` or `If-None-Match` header. Tags that are none of ours match nothing.

    Raises:
        InvalidError: Not `*` and not a list of quoted tags.
    """
    if header.strip() == "*":
        return Match(anything=True)
    strong: set[int] = set()
    weak: set[int] = set()
    position = 0
    while position < len(header):
        tag = _TAG.match(header, position)
        if tag is None:
            break
        if _VERSION.fullmatch(tag[2]):
            (weak if tag[1] else strong).add(int(tag[2]))
        position = tag.end()
    if position < len(header) or not header.strip():
        raise InvalidError(
            Fault(
                name,
                "This is not a list of entity tags.",
                'Send the ETag you were given, quotes included: "3".',
            )
        )
    return Match(strong=frozenset(strong), weak=frozenset(weak))


def required_match(header: str | None) -> Match:
    """The `If-Match` of a write.

    Raises:
        ProblemError: 428, there is none.
        InvalidError: It cannot be read.
    """
    if header is None:
        raise ProblemError(
            428,
            "A write needs to say which version it changes.",
            faults=[Fault("If-Match", "The header is missing.", "Send the ETag that GET gave.")],
        )
    return parse_match(header)
