"""Many watches against one text, looking only at those that could match."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.contracts.values import Reference
from services.ingest.domain.document import Document
from services.ingest.domain.query.anchor import require_anchors
from services.ingest.domain.query.evaluation import Test, compiled
from services.ingest.domain.query.parsing import parse


@dataclass(frozen=True, slots=True)
class CompiledWatch:
    """A watch ready to be asked: whose, which (as of which version), what wakes it, and its test."""

    brand: str
    reference: Reference
    anchors: frozenset[str]
    test: Test

    @classmethod
    def of(cls, brand: str, reference: Reference, query: str) -> CompiledWatch:
        """The watch of `query`.

        Raises:
            InvalidError: The query does not parse, or would match everything.
        """
        node = parse(query)
        return cls(brand, reference, require_anchors(node), compiled(node))


class Matcher:
    """Answers which watches a document matches.

    Watches are indexed by their anchors, words of which a match holds at least one: a text costs the watches that
    share a word with it, not the watches there are.
    """

    def __init__(self, watches: Iterable[CompiledWatch]) -> None:
        self._watches: Sequence[CompiledWatch] = sorted(
            watches, key=lambda watch: (watch.brand, watch.reference.id)
        )
        self._index: dict[str, list[int]] = {}
        for number, watch in enumerate(self._watches):
            for word in watch.anchors:
                self._index.setdefault(word, []).append(number)

    def __len__(self) -> int:
        return len(self._watches)

    def match(self, document: Document, *, brand: str | None = None) -> dict[str, tuple[Reference, ...]]:
        """The watches that `document` matches, by brand; only those of `brand` if one is given."""
        woken = {number for word in document.vocabulary & self._index.keys() for number in self._index[word]}
        found: dict[str, tuple[Reference, ...]] = {}
        for number in sorted(woken):
            watch = self._watches[number]
            if brand in (None, watch.brand) and watch.test(document):
                found[watch.brand] = (*found.get(watch.brand, ()), watch.reference)
        return found
