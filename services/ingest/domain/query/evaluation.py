"""A syntax tree turned into a test on documents, and the places that explain its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from services.ingest.domain.document import Document
from services.ingest.domain.folding import Token, tokens
from services.ingest.domain.query.syntax import And, Node, Not, Or, Term

Test = Callable[[Document], bool]


def compiled(node: Node) -> Test:
    """A function that says whether a document matches `node`."""
    if isinstance(node, Term):
        return _term(node.words)
    if isinstance(node, Not):
        part = compiled(node.part)
        return lambda document: not part(document)
    parts = tuple(compiled(part) for part in node.parts)
    if isinstance(node, And):
        return lambda document: all(part(document) for part in parts)
    return lambda document: any(part(document) for part in parts)


def starts(phrase: Sequence[str], positions: Mapping[str, Sequence[int]]) -> set[int]:
    """Where `phrase` begins, given the positions of each word."""
    found = set(positions.get(phrase[0], ()))
    for offset, word in enumerate(phrase[1:], 1):
        if not found:
            break
        found &= {position - offset for position in positions.get(word, ())}
    return found


def spans(node: Node, text: str) -> list[tuple[int, int]]:
    """Where the terms that `node` wants stand in `text`: (start, end) in code points, in order, none twice."""
    found = list(tokens(text))
    positions: dict[str, list[int]] = {}
    for index, token in enumerate(found):
        positions.setdefault(token.word, []).append(index)
    return sorted(
        {_span(found, start, term) for term in _wanted(node) for start in starts(term.words, positions)}
    )


def _term(phrase: tuple[str, ...]) -> Test:
    if len(phrase) == 1:
        word = phrase[0]
        return lambda document: word in document.vocabulary
    return lambda document: bool(starts(phrase, document.positions))


def _span(found: Sequence[Token], start: int, term: Term) -> tuple[int, int]:
    return found[start].start, found[start + len(term.words) - 1].end


def _wanted(node: Node, *, wanted: bool = True) -> Iterator[Term]:
    if isinstance(node, Term):
        if wanted:
            yield node
    elif isinstance(node, Not):
        yield from _wanted(node.part, wanted=not wanted)
    elif isinstance(node, And | Or):
        for part in node.parts:
            yield from _wanted(part, wanted=wanted)
