"""Which words a match cannot do without: the index of the matcher, and the test of a query that is too wide."""

from __future__ import annotations

from services.contracts.errors import Fault, InvalidError
from services.ingest.domain.query.syntax import And, Node, Not, Term


def anchors(node: Node) -> frozenset[str] | None:
    """Words such that every document that `node` matches holds at least one of them; None if there are none."""
    return _anchors(node, wanted=True)


def require_anchors(node: Node) -> frozenset[str]:
    """The anchors of `node`.

    Raises:
        InvalidError: It also matches documents that hold none of its words (`NOT rugby`, `lacombe OR NOT rugby`):
            it would fetch the whole world.
    """
    found = anchors(node)
    if found is None:
        problem = "It also matches every text that holds none of its words."
        fix = "Add a word that must be there, beside what is excluded: lacombe NOT rugby."
        raise InvalidError(Fault("query", problem, fix))
    return found


def _anchors(node: Node, *, wanted: bool) -> frozenset[str] | None:
    if isinstance(node, Term):
        return frozenset({max(node.words, key=len)}) if wanted else None
    if isinstance(node, Not):
        return _anchors(node.part, wanted=not wanted)
    parts = [_anchors(part, wanted=wanted) for part in node.parts]
    known = [part for part in parts if part is not None]
    # De Morgan: what is excluded by an OR is excluded part by part, which makes it an AND.
    if isinstance(node, And) is wanted:
        return min(known, key=_cost) if known else None
    return frozenset().union(*known) if len(known) == len(parts) else None


def _cost(found: frozenset[str]) -> tuple[int, int, list[str]]:
    """Few and long words are rare in texts, so they wake a watch for nothing less often."""
    return len(found), -min(map(len, found)), sorted(found)
