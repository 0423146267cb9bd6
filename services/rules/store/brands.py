"""What is remembered of each brand, and its turn: batches and ticks of one brand follow one another."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from services.kit.database import Transaction
from services.rules.store.mentions import Known
from services.rules.store.rulebook import rule_collection


@dataclass(frozen=True, slots=True)
class Standing:
    """Newest and oldest event time seen of a brand; None for a brand without mentions."""

    watermark: datetime | None
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Turn:
    """A brand's turn.

    Attributes:
        standing: As the last turn left it.
        version: Of the brand's row: the same as long as nobody wrote it. Whoever writes mentions or situations of the
            brand writes its row too, in the same turn, so an equal version says that what was known then still holds.
        coverage: The revision of its coverage that is kept; 0 for none.
    """

    standing: Standing
    version: str
    coverage: int


@dataclass(frozen=True, slots=True)
class Turns:
    """The turns of some brands.

    Attributes:
        of: By brand.
        known: What is stored of the mentions asked for. It was looked up before the turn came, so it is only good for
            brands that nobody wrote in the meantime: see `Turn.version`.
        stamp: Of the rules: see `Collection.stamp`.
    """

    of: dict[str, Turn]
    known: dict[UUID, Known]
    stamp: int


# A version is drawn, not counted: one that was written and lost in a crash of the database is never given out again.
_LOCK = text(f"""
    WITH turn AS (
        SELECT brand, watermark, since, CAST(version AS text) AS version FROM rules.brands
        WHERE brand = ANY(:brands) ORDER BY brand FOR UPDATE
    ), known AS MATERIALIZED (
        SELECT mention_id, revision, brand, event_at, fired FROM rules.mentions WHERE mention_id = ANY(:ids)
    )
    SELECT turn.*, coalesce(c.revision, 0) AS coverage, {rule_collection().stamp_sql} AS stamp,
           k.mention_id, k.revision, k.event_at, k.fired
    FROM turn LEFT JOIN rules.coverage AS c ON c.brand = turn.brand LEFT JOIN known AS k ON k.brand = turn.brand
""")  # noqa: S608 - a literal of the code
SAVE = """
    UPDATE rules.brands AS b SET watermark = new.watermark, since = new.since, version = gen_random_uuid()
    FROM unnest(CAST(:brands AS text[]), CAST(:watermarks AS timestamptz[]), CAST(:sinces AS timestamptz[]))
         AS new(brand, watermark, since)
    WHERE b.brand = new.brand
    RETURNING b.brand, CAST(b.version AS text) AS version
"""
"""Writes `columns_of` some standings; gives the new versions."""


async def take_turns(tx: Transaction, brands: Collection[str], *, mentions: Collection[UUID] = ()) -> Turns:
    """Wait for the turn of each brand and keep it until the end of the transaction.

    Brands are locked in the order of their names, so that two transactions rarely wait for each other in a circle: only
    where both also meet new brands, and then PostgreSQL ends one of them, which is tried again.

    Args:
        tx: What keeps the turns.
        brands: Whose.
        mentions: Ids of those to look up on the way.
    """
    names = sorted(brands)
    found = await _locked(tx, names, mentions)
    if missing := [name for name in names if name not in found.of]:
        await tx.execute(
            text(
                "INSERT INTO rules.brands (brand) SELECT unnest(CAST(:brands AS text[])) ON CONFLICT DO NOTHING"
            ),
            {"brands": missing},
        )
        new = await _locked(tx, missing, mentions)
        found = Turns(found.of | new.of, found.known | new.known, new.stamp)
    return found


async def _locked(tx: Transaction, names: Sequence[str], mentions: Collection[UUID]) -> Turns:
    rows = (await tx.execute(_LOCK, {"brands": list(names), "ids": list(mentions)})).all()
    return Turns(
        {row.brand: Turn(Standing(row.watermark, row.since), row.version, row.coverage) for row in rows},
        {
            row.mention_id: Known(row.revision, row.event_at, frozenset(row.fired))
            for row in rows
            if row.mention_id is not None
        },
        rows[0].stamp if rows else 0,
    )


async def save(tx: Transaction, standings: Mapping[str, Standing]) -> None:
    """Write the standings of brands whose turn is held, whether or not they changed."""
    await tx.execute(text(SAVE), columns_of(standings))


def columns_of(standings: Mapping[str, Standing]) -> dict[str, object]:
    """The parameters of `SAVE`."""
    return {
        "brands": list(standings),
        "watermarks": [standing.watermark for standing in standings.values()],
        "sinces": [standing.since for standing in standings.values()],
    }
