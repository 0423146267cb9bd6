"""Assessed mentions: written in bulk, read as windows, counts and evidence."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from services.contracts.events import MentionFound
from services.contracts.values import EvidenceMention, Reason, Sentiment
from services.kit.database import Transaction
from services.rules.domain.headline import excerpt
from services.rules.domain.history import DAYS
from services.rules.domain.window import Entry

_TEXT_LIMIT = 500  # of `EvidenceMention.text`


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of a mention seen before."""

    revision: int
    event_at: datetime
    fired: frozenset[str]


_KNOWN = text("SELECT mention_id, revision, event_at, fired FROM rules.mentions WHERE mention_id = ANY(:ids)")


async def known_revisions(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Known]:
    """Those of `ids` that are stored."""
    rows = await tx.execute(_KNOWN, {"ids": list(ids)})
    return {row.mention_id: Known(row.revision, row.event_at, frozenset(row.fired)) for row in rows}


async def recent_entries(tx: Transaction, since: Mapping[str, datetime]) -> dict[str, list[Entry]]:
    """The stored mentions of each brand whose event time is later than the given instant."""
    rows = await tx.execute(
        text("""
            SELECT m.brand, m.mention_id, m.event_at, m.sentiment = 'negative' AS negative, m.author, m.followers, m.risk
            FROM unnest(CAST(:brands AS text[]), CAST(:since AS timestamptz[])) AS wanted(brand, since)
            JOIN rules.mentions AS m ON m.brand = wanted.brand AND m.event_at > wanted.since
        """),
        {"brands": list(since), "since": list(since.values())},
    )
    found: dict[str, list[Entry]] = {}
    for brand, *columns in rows:
        found.setdefault(brand, []).append(Entry._make(columns))
    return found


_PAST = text("""
    SELECT s.brand, s.slot, s.minutes, ARRAY(
        SELECT (
            SELECT count(*) FROM rules.mentions AS m
            WHERE m.brand = s.brand
              AND m.event_at > s.slot - make_interval(hours => 24 * d.day, mins => s.minutes)
              AND m.event_at <= s.slot - make_interval(hours => 24 * d.day)
        ) FROM generate_series(1, :days) AS d(day) ORDER BY d.day
    ) AS counts
    FROM unnest(CAST(:brands AS text[]), CAST(:slots AS timestamptz[]), CAST(:minutes AS int[]))
         AS s(brand, slot, minutes)
""")


async def past_counts(
    tx: Transaction, slots: Collection[tuple[str, datetime, int]]
) -> dict[str, dict[tuple[datetime, int], list[int]]]:
    """For each (brand, slot, window minutes): the mentions in that window 1, 2... 7 days before."""
    if not slots:
        return {}
    brands, ends, minutes = zip(*slots, strict=True)
    rows = await tx.execute(
        _PAST, {"brands": list(brands), "slots": list(ends), "minutes": list(minutes), "days": DAYS}
    )
    counts: dict[str, dict[tuple[datetime, int], list[int]]] = {}
    for row in rows:
        counts.setdefault(row.brand, {})[row.slot, row.minutes] = row.counts
    return counts


async def evidence_of(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, EvidenceMention]:
    """The stored mentions of `ids`, as alerts show them."""
    if not ids:
        return {}
    rows = await tx.execute(
        text("SELECT doc, sentiment, risk, reasons FROM rules.mentions WHERE mention_id = ANY(:ids)"),
        {"ids": list(ids)},
    )
    shown = [_evidence(row) for row in rows]
    return {mention.mention_id: mention for mention in shown}


def _evidence(row: Row[Any]) -> EvidenceMention:
    mention = MentionFound.model_validate(row.doc)
    return EvidenceMention(
        mention_id=mention.mention_id,
        text=excerpt(f"{mention.title} {mention.text}" if mention.title else mention.text, _TEXT_LIMIT),
        author=mention.author,
        url=mention.url,
        source=mention.source,
        published_at=mention.published_at,
        sentiment=Sentiment(row.sentiment),
        risk=row.risk,
        reasons=tuple(Reason.model_validate(reason) for reason in row.reasons),
    )
