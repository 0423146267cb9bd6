"""Which entries of a source are known, in which revision, so that each is said once and an edit once more.

A revision is decided and written before it is published, and marked when the bus has it: after a crash in between,
the same entry gets the same revision, and readers see one mention.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import text

from services.kit.database import Transaction

KEPT = timedelta(days=30)
"""How long an entry that left its feed is remembered: publishers do bring old entries back."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of an entry."""

    external_id: str
    revision: int
    fingerprint: bytes
    published: bool


_FIND = text(
    """
    SELECT external_id, revision, fingerprint, published FROM ingest.entries
    WHERE source = :source AND external_id = ANY(:ids)
    """
)
_INTEND = text(
    """
    INSERT INTO ingest.entries (source, external_id, revision, fingerprint, published, seen_on)
    SELECT CAST(:source AS text), entry.external_id, entry.revision, entry.fingerprint, false, CAST(:seen_on AS date)
    FROM unnest(CAST(:ids AS text[]), CAST(:revisions AS integer[]), CAST(:fingerprints AS bytea[]))
        AS entry (external_id, revision, fingerprint)
    ON CONFLICT (source, external_id) DO UPDATE SET
        revision = excluded.revision, fingerprint = excluded.fingerprint, published = false, seen_on = excluded.seen_on
    """
)
_CONFIRM = text(
    """
    UPDATE ingest.entries AS entry SET published = true
    FROM unnest(CAST(:ids AS text[]), CAST(:revisions AS integer[])) AS said (external_id, revision)
    WHERE entry.source = :source AND entry.external_id = said.external_id AND entry.revision = said.revision
    """
)
_SEE = text(
    """
    UPDATE ingest.entries SET seen_on = :seen_on
    WHERE source = :source AND external_id = ANY(:ids) AND seen_on < :seen_on
    """
)
_FORGET = text("DELETE FROM ingest.entries WHERE source = :source AND seen_on < :before")


async def find(tx: Transaction, source: str, ids: Sequence[str]) -> dict[str, Known]:
    """What is known of those entries, by external id."""
    rows = await tx.execute(_FIND, {"source": source, "ids": list(ids)})
    return {row["external_id"]: Known(**row) for row in rows.mappings()}


async def intend(tx: Transaction, source: str, entries: Sequence[Known], *, seen_on: date) -> None:
    """Remember what is about to be published."""
    if entries:
        values = {
            "source": source,
            "seen_on": seen_on,
            "ids": [entry.external_id for entry in entries],
            "revisions": [entry.revision for entry in entries],
            "fingerprints": [entry.fingerprint for entry in entries],
        }
        await tx.execute(_INTEND, values)


async def confirm(tx: Transaction, source: str, entries: Sequence[Known]) -> None:
    """The bus has those; a newer revision that was decided meanwhile stays as it is."""
    if entries:
        ids, revisions = [entry.external_id for entry in entries], [entry.revision for entry in entries]
        await tx.execute(_CONFIRM, {"source": source, "ids": ids, "revisions": revisions})


async def see(tx: Transaction, source: str, ids: Sequence[str], *, seen_on: date) -> None:
    """Those are still in the feed; forget what left it long ago."""
    await tx.execute(_SEE, {"source": source, "ids": list(ids), "seen_on": seen_on})
    await tx.execute(_FORGET, {"source": source, "before": seen_on - KEPT})
