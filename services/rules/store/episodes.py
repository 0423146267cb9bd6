"""Open situations."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import text

from services.kit.database import Transaction
from services.kit.wakes import touch
from services.rules.domain.episode import Episode

_EPISODE = TypeAdapter(Episode)

TOUCHED = "rules:episodes"
"""What a transaction touches that writes here."""


async def open_episodes(tx: Transaction, brands: Collection[str]) -> list[Episode]:
    """Those of `brands`, whose turn is held."""
    rows = await tx.execute(
        text("SELECT doc FROM rules.episodes WHERE closed_at IS NULL AND brand = ANY(:brands)"),
        {"brands": list(brands)},
    )
    return [_EPISODE.validate_python(row.doc) for row in rows]


async def save(
    tx: Transaction, closed: Sequence[Episode], still_open: Sequence[Episode], *, at: datetime
) -> None:
    """Insert or replace; closing comes first, so that a key is free for the situation that follows."""
    await _save(tx, closed, closed_at=at)
    await _save(tx, still_open, closed_at=None)


async def brands_due(tx: Transaction, *, at: datetime, limit: int) -> list[str]:
    """Brands with an open situation that has been quiet for long enough at `at`."""
    rows = await tx.execute(
        text("""
            SELECT DISTINCT brand FROM rules.episodes
            WHERE closed_at IS NULL AND closes_at <= :at ORDER BY brand LIMIT :limit
        """),
        {"at": at, "limit": limit},
    )
    return [row.brand for row in rows]


async def next_closing(tx: Transaction) -> datetime | None:
    """When the next open situation subsides if nothing more is seen."""
    found: datetime | None = await tx.scalar(
        text("SELECT min(closes_at) FROM rules.episodes WHERE closed_at IS NULL")
    )
    return found


async def _save(tx: Transaction, episodes: Sequence[Episode], *, closed_at: datetime | None) -> None:
    if not episodes:
        return
    touch(tx, TOUCHED)
    rows: list[dict[str, Any]] = [
        {
            "alert_id": str(episode.alert_id),
            "rule": episode.rule.id,
            "brand": episode.brand,
            "dedup_key": episode.dedup_key,
            "closes_at": episode.closes_at.isoformat(),
            "doc": _EPISODE.dump_python(episode, mode="json"),
        }
        for episode in episodes
    ]
    await tx.execute(
        text("""
            INSERT INTO rules.episodes (alert_id, rule, brand, dedup_key, closes_at, closed_at, doc)
            SELECT alert_id, rule, brand, dedup_key, closes_at, :closed_at, doc
            FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS new(
                alert_id uuid, rule text, brand text, dedup_key text, closes_at timestamptz, doc jsonb)
            ON CONFLICT (alert_id) DO UPDATE SET
                (closes_at, closed_at, doc) = (excluded.closes_at, excluded.closed_at, excluded.doc)
        """),
        {"rows": json.dumps(rows), "closed_at": closed_at},
    )
