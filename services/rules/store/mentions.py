"""Assessed mentions: written in bulk, read as windows, counts and evidence."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from services.contracts.events import MentionFound
from services.contracts.values import EvidenceMention, Reason, Sentiment
from services.kit.database import Transaction
from services.rules.domain.arrival import Arrival
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


async def known_revisions(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Known]:
    """Those of `ids` that are stored."""
    rows = await tx.execute(
        text("SELECT mention_id, revision, event_at, fired FROM rules.mentions WHERE mention_id = ANY(:ids)"),
        {"ids": list(ids)},
    )
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
        found.setdefault(brand, []).append(Entry(*columns))
    return found


async def past_counts(
    tx: Transaction, slots: Collection[tuple[str, datetime, int]]
) -> dict[str, dict[tuple[datetime, int], list[int]]]:
    """For each (brand, slot, window minutes): the mentions in that window 1, 2... 7 days before."""
    if not slots:
        return {}
    brands, ends, minutes = zip(*slots, strict=True)
    rows = await tx.execute(
        text("""
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
        """),
        {"brands": list(brands), "slots": list(ends), "minutes": list(minutes), "days": DAYS},
    )
    counts: dict[str, dict[tuple[datetime, int], list[int]]] = {}
    for row in rows:
        counts.setdefault(row.brand, {})[row.slot, row.minutes] = row.counts
    return counts


async def save(
    tx: Transaction, arrivals: Sequence[Arrival], fired: Mapping[UUID, Collection[str]], *, at: datetime
) -> None:
    """Insert the arrivals, or replace what they revise: one statement, at most one arrival a mention.

    A stored revision that is as new is left alone: whoever wrote it had the brand's turn before.
    """
    rows = [_stored(arrival, fired.get(arrival.mention.mention_id, ())) for arrival in arrivals]
    await tx.execute(
        text("""
            INSERT INTO rules.mentions AS stored (
                mention_id, revision, brand, event_at, assessed_at, language, sentiment, confidence, risk, author,
                followers, topics, reasons, model, fired, doc)
            SELECT mention_id, revision, brand, event_at, :at, language, sentiment, confidence, risk, author, followers,
                   ARRAY(SELECT jsonb_array_elements_text(topics)), reasons, model,
                   ARRAY(SELECT jsonb_array_elements_text(fired)), doc
            FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS new(
                mention_id uuid, revision int, brand text, event_at timestamptz, language text, sentiment text,
                confidence real, risk smallint, author text, followers bigint, topics jsonb, reasons jsonb, model text,
                fired jsonb, doc jsonb)
            ON CONFLICT (mention_id) DO UPDATE SET
                (revision, assessed_at, language, sentiment, confidence, risk, author, followers, topics, reasons, model,
                 fired, doc) = (excluded.revision, excluded.assessed_at, excluded.language, excluded.sentiment,
                 excluded.confidence, excluded.risk, excluded.author, excluded.followers, excluded.topics,
                 excluded.reasons, excluded.model, excluded.fired, excluded.doc)
            WHERE stored.revision < excluded.revision
        """),
        {"rows": f"[{','.join(rows)}]", "at": at},
    )


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


def _stored(arrival: Arrival, fired: Collection[str]) -> str:
    mention, assessment, entry = arrival.mention, arrival.assessment, arrival.entry()
    columns = {
        "mention_id": str(mention.mention_id),
        "revision": mention.revision,
        "brand": mention.brand,
        "event_at": arrival.event_at.isoformat(),
        "language": assessment.language,
        "sentiment": assessment.sentiment.value,
        "confidence": assessment.confidence,
        "risk": assessment.risk,
        "author": entry.author,
        "followers": entry.followers,
        "topics": assessment.topics,
        "reasons": [reason.model_dump() for reason in assessment.reasons],
        "model": assessment.model,
        "fired": sorted({*arrival.fired, *fired}),
    }
    # The mention is written by pydantic's own writer and spliced in: it is most of the bytes.
    row = f'{json.dumps(columns, ensure_ascii=False)[:-1]},"doc":{mention.model_dump_json()}}}'
    return _without_nul(row) if "\\u0000" in row else row


def _without_nul(row: str) -> str:
    """`row` without U+0000 in any text: PostgreSQL keeps none. Rare, so it may cost a second parsing."""

    def cleaned(value: Any) -> Any:  # noqa: ANN401 - any JSON
        match value:
            case str():
                return value.replace("\x00", "")
            case list():
                return [cleaned(item) for item in value]
            case dict():
                return {key: cleaned(item) for key, item in value.items()}
            case _:
                return value

    return json.dumps(cleaned(json.loads(row)), ensure_ascii=False)
