"""A query on sample texts, before it becomes a watch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.ingest.domain.document import Document
from services.ingest.domain.plain import MAX_TEXT, readable, shortened
from services.ingest.domain.query.anchor import require_anchors
from services.ingest.domain.query.evaluation import compiled, spans
from services.ingest.domain.query.parsing import parse
from services.ingest.domain.query.syntax import Node


@dataclass(frozen=True, slots=True)
class Trial:
    """One text's answer.

    Attributes:
        text: The text as it is read: made plain. Spans count its characters (code points).
        matched: Whether a mention of that text would match.
        spans: Where the words asked for stand: (start, end), end excluded. Empty if it does not match.
    """

    text: str
    matched: bool
    spans: Sequence[tuple[int, int]]


def try_query(query: str, texts: Sequence[str]) -> tuple[Node, list[Trial]]:
    """How `query` is understood, and what it says of each text.

    Raises:
        InvalidError: The query does not parse, or would match everything.
    """
    node = parse(query)
    require_anchors(node)
    return node, list(_trials(node, texts))


def _trials(node: Node, texts: Sequence[str]) -> Iterator[Trial]:
    test = compiled(node)
    for raw in texts:
        text = shortened(readable(raw), MAX_TEXT)
        matched = test(Document(text))
        yield Trial(text, matched, spans(node, text) if matched else [])
