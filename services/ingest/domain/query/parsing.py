"""A query's text to its syntax tree.

    query   = all { OR all }
    all     = one { [AND] one }        side by side means AND
    one     = NOT one | -one | ( query ) | word | "a phrase"

Operators are in capitals: `or` and `not` in lower case are words. A word that folds to several tokens
(`l'oréal`, `saint-gobain`) is a phrase.
"""

from __future__ import annotations

from services.contracts.errors import Fault, InvalidError
from services.ingest.domain.query.lexeme import Kind, Lexeme, refuse, scan
from services.ingest.domain.query.syntax import And, Node, Not, Or, Term

MAX_LENGTH = 4_000
"""Characters of a query: some hundreds of words, more than people keep in mind."""

MAX_DEPTH = 40
"""Nested parentheses and negations: far from Python's own limit on recursion, and from what people read."""

_EXAMPLE = "lacombe AND (fuite OR intoxication) NOT rugby"
_STARTS = (Kind.TERM, Kind.NOT, Kind.MINUS, Kind.OPEN)


def parse(query: str) -> Node:
    """The syntax tree of `query`.

    Raises:
        InvalidError: On field `query`, with the place, the reason and what to write.
    """
    if len(query) > MAX_LENGTH:
        problem = f"It has {len(query)} characters; the limit is {MAX_LENGTH}."
        raise InvalidError(Fault("query", problem, "Split it into several watches of the same brand."))
    if not query.strip():
        raise InvalidError(Fault("query", "It is empty.", f"Write words, as in: {_EXAMPLE}"))
    return _Parser(query).whole()


class _Parser:
    """Recursive descent, one lexeme ahead."""

    def __init__(self, query: str) -> None:
        self._query = query
        self._lexemes = list(scan(query))
        self._index = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._any()
        if self._next.kind is Kind.CLOSE:
            fix = "Take it away, or open one before."
            refuse(self._query, self._next.start, "This parenthesis was never opened", fix)
        return node

    @property
    def _next(self) -> Lexeme:
        return self._lexemes[self._index]

    def _take(self) -> Lexeme:
        lexeme = self._next
        self._index += 1
        return lexeme

    def _any(self) -> Node:
        parts = [self._all()]
        while self._next.kind is Kind.OR:
            self._take()
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all(self) -> Node:
        parts = [self._one()]
        while self._next.kind is Kind.AND or self._next.kind in _STARTS:
            if self._next.kind is Kind.AND:
                self._take()
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self) -> Node:
        lexeme = self._take()
        if lexeme.kind is Kind.TERM:
            return Term(lexeme.words)
        if lexeme.kind not in _STARTS:
            self._refuse_missing(lexeme)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            refuse(
                self._query,
                lexeme.start,
                f"More than {MAX_DEPTH} levels deep",
                "Split it into several watches.",
            )
        node = self._group(lexeme) if lexeme.kind is Kind.OPEN else Not(self._one())
        self._depth -= 1
        return node

    def _group(self, opening: Lexeme) -> Node:
        node = self._any()
        if self._take().kind is not Kind.CLOSE:
            refuse(self._query, opening.start, "This parenthesis is never closed", "Close it with ).")
        return node

    def _refuse_missing(self, found: Lexeme) -> None:
        before = self._lexemes[self._index - 2].kind if self._index > 1 else None
        after = f" after {before.value}" if before else ""
        what = "the query ends" if found.kind is Kind.END else f"there is {found.kind.value}"
        fix = f"Write a word, a phrase or a parenthesis here, as in: {_EXAMPLE}"
        refuse(self._query, found.start, f"A word is missing{after}: {what}", fix)
