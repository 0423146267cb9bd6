"""A query's text cut into lexemes, and the error that points at a place in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NoReturn

from services.contracts.errors import Fault, InvalidError
from services.ingest.domain.folding import words

QUOTES = '"\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02'
DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212"

_PIECE = re.compile(
    rf"\s+|(?P<paren>[()])|(?P<quote>[{QUOTES}])|(?P<dash>[{DASHES}])|(?P<run>[^\s(){QUOTES}]+)"
)
_PHRASE_END = re.compile(rf"[{QUOTES}]")
_WILDCARD = re.compile(r"[*?~]")
_FIELD = re.compile(r"[A-Za-z_]+:\S")
_NEAR = re.compile(r"O?NEAR(?:/\w*)?$")
_FRENCH = {"ET": "AND", "OU": "OR", "SAUF": "NOT", "NON": "NOT"}

# How much of a long query is shown on each side of the caret.
_SHOWN = 40


class Kind(Enum):
    """What a lexeme is to the grammar; the value names it in errors."""

    TERM = "a word"
    AND = "AND"
    OR = "OR"
    NOT = "NOT"
    MINUS = "-"
    OPEN = "("
    CLOSE = ")"
    END = "the end"


@dataclass(frozen=True, slots=True)
class Lexeme:
    """One piece of a query: what it is, where it starts (code points), and for a term its folded words."""

    kind: Kind
    start: int
    words: tuple[str, ...] = ()


def refuse(query: str, at: int, problem: str, fix: str) -> NoReturn:
    """Raise the error that shows `query` with a caret under position `at` (0-based; people count from 1)."""
    first, last = max(0, at - _SHOWN), at + _SHOWN
    head, tail = "..." if first else "", "..." if last < len(query) else ""
    line = head + re.sub(r"\s", " ", query[first:last]) + tail
    caret = " " * (len(head) + at - first) + "^"
    raise InvalidError(Fault("query", f"{problem} (character {at + 1}):\n{line}\n{caret}", fix))


def scan(query: str) -> Iterator[Lexeme]:
    """The lexemes of `query`, then one of kind END.

    Raises:
        InvalidError: A piece that is no word, phrase, operator or parenthesis of the language.
    """
    at = 0
    while at < len(query):
        found = _PIECE.match(query, at)
        assert found is not None, "the pattern covers every character"
        at = found.end()
        if found["paren"]:
            yield Lexeme(Kind.OPEN if found["paren"] == "(" else Kind.CLOSE, found.start())
        elif found["quote"]:
            end = _closing_quote(query, found.start())
            yield _term(query, found.start(), query[at:end], quoted=True)
            at = end + 1
        elif found["dash"]:
            _check_dash(query, found.start())
            yield Lexeme(Kind.MINUS, found.start())
        elif found["run"]:
            yield _run(query, found.start(), found["run"])
    yield Lexeme(Kind.END, len(query))


def _closing_quote(query: str, opening: int) -> int:
    closing = _PHRASE_END.search(query, opening + 1)
    if closing is None:
        refuse(query, opening, "This quotation mark is never closed", "Close the phrase with a second one.")
    return closing.start()


def _check_dash(query: str, at: int) -> None:
    if query[at + 1 : at + 2].strip() in ("", ")"):
        refuse(
            query,
            at,
            "A dash alone excludes nothing",
            "Glue it to what it excludes (-word), or take it away.",
        )


def _run(query: str, start: int, run: str) -> Lexeme:
    if run in ("AND", "OR", "NOT"):
        return Lexeme(Kind[run], start)
    if run in _FRENCH:
        fix = f'Write {_FRENCH[run]}, or "{run.lower()}" in quotation marks if you mean the word.'
        refuse(query, start, f"{run} is not an operator", fix)
    if _NEAR.match(run):
        refuse(query, start, "NEAR is not understood", 'Write a "phrase in quotation marks", or AND.')
    if _FIELD.match(run) and not run.lower().startswith(("http:", "https:")):
        fix = "Write the words alone: title and text are both searched."
        refuse(query, start, "Fields are not understood", fix)
    if run.startswith("!"):
        refuse(query, start, "An exclamation mark excludes nothing", "Write NOT word, or -word.")
    return _term(query, start, run, quoted=False)


def _term(query: str, start: int, raw: str, *, quoted: bool) -> Lexeme:
    wildcard = _WILDCARD.search(raw)
    if wildcard:
        fix = "Write whole words; join their forms with OR (fuite OR fuites)."
        refuse(query, start + quoted + wildcard.start(), f"{wildcard.group()} is not understood", fix)
    found = tuple(words(raw))
    if not found:
        what = "This phrase" if quoted else "This"
        refuse(
            query, start, f"{what} holds no letter and no digit", "Write at least one word, or take it away."
        )
    return Lexeme(Kind.TERM, start, found)
