"""Which entries of a document are news, and what is published of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from services.contracts.codec import Message, encode
from services.ingest.domain.matcher import Matcher
from services.ingest.sources.feed import Entry
from services.ingest.store.entries import Known


def decide(found: Sequence[Entry], known: Mapping[str, Known]) -> list[tuple[Entry, Known]]:
    """Each entry that is news, with its revision: new, edited, or decided before and never acknowledged.

    Args:
        found: What the document holds now.
        known: What is remembered of those entries, by external id.
    """
    decided = []
    for entry in found:
        external_id = entry.draft.external_id
        before = known.get(external_id)
        if before is None:
            decided.append((entry, Known(external_id, 0, entry.fingerprint, published=False)))
        elif before.fingerprint != entry.fingerprint:
            edit = replace(
                before, revision=before.revision + 1, fingerprint=entry.fingerprint, published=False
            )
            decided.append((entry, edit))
        elif not before.published:
            decided.append((entry, before))
    return decided


def messages_of(
    decided: Sequence[tuple[Entry, Known]], matcher: Matcher, brand: str | None, now: datetime
) -> tuple[list[Message], int]:
    """What to publish of the news, and how many of them concern a brand (`brand` only, if one is given)."""
    messages: list[Message] = []
    matched = 0
    for entry, row in decided:
        brands = matcher.match(entry.draft.document, brand=brand)
        matched += bool(brands)
        messages += [
            encode(entry.draft.found(name, watches, revision=row.revision), now)
            for name, watches in brands.items()
        ]
    return messages, matched
