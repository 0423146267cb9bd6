"""A batch of assessed mentions, written in bulk."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import text

from services.contracts.values import Reason
from services.kit.database import Transaction
from services.rules.domain.arrival import Arrival
from services.rules.store import brands
from services.rules.store.brands import Standing

_REASONS = TypeAdapter(tuple[Reason, ...])
_APART = "\x1f"
"""Between items of a text that becomes an array: arrays of arrays have equal lengths in PostgreSQL."""

_COLUMNS = {
    "mention_id": "uuid",
    "revision": "int",
    "brand": "text",
    "event_at": "timestamptz",
    "language": "text",
    "sentiment": "text",
    "confidence": "real",
    "risk": "smallint",
    "author": "text",
    "followers": "bigint",
    "topics": "text",
    "reasons": "text",
    "model": "text",
    "fired": "text",
    "doc": "text",
}
_SAVE = text(f"""
    WITH standing AS ({brands.SAVE}), stored AS (
    INSERT INTO rules.mentions AS stored (
        mention_id, revision, brand, event_at, assessed_at, language, sentiment, confidence, risk, author,
        followers, topics, reasons, model, fired, doc)
    SELECT mention_id, revision, brand, event_at, :at, language, sentiment, confidence, risk, author, followers,
           string_to_array(topics, :apart), CAST(reasons AS jsonb), model, string_to_array(fired, :apart),
           CAST(doc AS jsonb)
    FROM unnest({", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _COLUMNS.items())})
         AS new({", ".join(_COLUMNS)})
    ON CONFLICT (mention_id) DO UPDATE SET
        (revision, assessed_at, language, sentiment, confidence, risk, author, followers, topics, reasons, model,
         fired, doc) = (excluded.revision, excluded.assessed_at, excluded.language, excluded.sentiment,
         excluded.confidence, excluded.risk, excluded.author, excluded.followers, excluded.topics,
         excluded.reasons, excluded.model, excluded.fired, excluded.doc)
    WHERE stored.revision < excluded.revision
    )
    SELECT brand, version FROM standing
""")  # noqa: S608 - columns are literals of this module


async def save(
    tx: Transaction,
    arrivals: Sequence[Arrival],
    fired: Mapping[UUID, Collection[str]],
    standings: Mapping[str, Standing],
    *,
    at: datetime,
) -> dict[str, str]:
    """Insert the arrivals, or replace what they revise, and write where their brands stand: one statement.

    A stored revision that is as new is left alone: whoever wrote it had the brand's turn before.

    Args:
        tx: What holds the turns of the brands.
        arrivals: At most one a mention.
        fired: Rules by mention.
        standings: By brand.
        at: Business time.

    Returns:
        The new version of each brand: see `Turn.version`.
    """
    columns = dict(zip(_COLUMNS, columns_of(arrivals, fired), strict=True))
    rows = await tx.execute(_SAVE, columns | brands.columns_of(standings) | {"at": at, "apart": _APART})
    return {row.brand: row.version for row in rows}


def columns_of(arrivals: Sequence[Arrival], fired: Mapping[UUID, Collection[str]]) -> list[tuple[Any, ...]]:
    """The columns of the rows of `arrivals`, in the order of `_COLUMNS`."""
    return list(zip(*[_row(each, fired.get(each.mention.mention_id, ())) for each in arrivals], strict=True))


def _row(arrival: Arrival, fired: Collection[str]) -> tuple[Any, ...]:
    mention, assessment, entry = arrival.mention, arrival.assessment, arrival.entry()
    return (
        mention.mention_id,
        mention.revision,
        mention.brand,
        arrival.event_at,
        assessment.language,
        assessment.sentiment.value,
        assessment.confidence,
        assessment.risk,
        entry.author,
        entry.followers,
        _APART.join(assessment.topics),
        _storable(_REASONS.dump_json(assessment.reasons).decode()),
        assessment.model,
        _APART.join(sorted({*arrival.fired, *fired})),
        _storable(mention.model_dump_json()),
    )


def _storable(document: str) -> str:
    """`document` without U+0000 in any text: PostgreSQL keeps none. Rare, so it may cost a second parsing."""
    if "\\u0000" not in document:
        return document

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

    return json.dumps(cleaned(json.loads(document)), ensure_ascii=False)
