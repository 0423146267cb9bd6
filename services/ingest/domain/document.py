"""What a query is asked about: the words of a mention's title and text, and where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from services.ingest.domain.folding import words

FIELD_GAP = 1_000
"""Positions left free between title and text, so that no phrase (nor nearness) reaches over."""


class Document:
    """The title and the text of one mention, folded once and shared by every watch."""

    def __init__(self, text: str, title: str | None = None) -> None:
        self._fields = (words(title) if title else [], words(text))

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Every distinct word."""
        return frozenset(self._fields[0]).union(self._fields[1])

    @cached_property
    def positions(self) -> Mapping[str, list[int]]:
        """For each word, its positions in increasing order."""
        found: dict[str, list[int]] = {}
        start = 0
        for field in self._fields:
            for position, word in enumerate(field, start):
                found.setdefault(word, []).append(position)
            start += len(field) + FIELD_GAP
        return found
