"""What is remembered of each brand, and its turn: batches and ticks of one brand follow one another."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from services.kit.database import Transaction


@dataclass(frozen=True, slots=True)
class Standing:
    """Newest and oldest event time seen of a brand; None for a brand without mentions."""

    watermark: datetime | None
    since: datetime | None


async def take_turns(tx: Transaction, brands: Collection[str]) -> dict[str, Standing]:
    """Wait for the turn of each brand and keep it until the end of the transaction.

    Brands are locked in the order of their names, so that two transactions rarely wait for each other in a circle: only
    where both also meet new brands, and then PostgreSQL ends one of them, which is tried again.
    """
    names = sorted(brands)
    found = await _locked(tx, names)
    if missing := [name for name in names if name not in found]:
        await tx.execute(
            text(
                "INSERT INTO rules.brands (brand) SELECT unnest(CAST(:brands AS text[])) ON CONFLICT DO NOTHING"
            ),
            {"brands": missing},
        )
        found |= await _locked(tx, missing)
    return found


async def _locked(tx: Transaction, names: Sequence[str]) -> dict[str, Standing]:
    rows = await tx.execute(
        text("""
            SELECT brand, watermark, since FROM rules.brands
            WHERE brand = ANY(:brands) ORDER BY brand FOR UPDATE
        """),
        {"brands": list(names)},
    )
    return {row.brand: Standing(row.watermark, row.since) for row in rows}


async def save(tx: Transaction, standings: Mapping[str, Standing]) -> None:
    """Write the standings of brands whose turn is held."""
    await tx.execute(
        text("""
            UPDATE rules.brands AS b SET watermark = new.watermark, since = new.since
            FROM unnest(CAST(:brands AS text[]), CAST(:watermarks AS timestamptz[]), CAST(:since AS timestamptz[]))
                 AS new(brand, watermark, since)
            WHERE b.brand = new.brand
        """),
        {
            "brands": list(standings),
            "watermarks": [standing.watermark for standing in standings.values()],
            "since": [standing.since for standing in standings.values()],
        },
    )
