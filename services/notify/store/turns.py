"""When each brand's team comes on duty next: the rows that handovers are claimed from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from services.kit.database import Transaction
from services.kit.wakes import touch
from services.notify.store.runs import WAKE

_SAVE = text("""
    INSERT INTO notify.duty_turns (brand, since, next_start) VALUES (:brand, :since, :next_start)
    ON CONFLICT (brand) DO UPDATE SET since = EXCLUDED.since, next_start = EXCLUDED.next_start
""")
_CLAIM = text("""
    SELECT brand, since, next_start FROM notify.duty_turns WHERE next_start <= :now
    ORDER BY next_start, brand LIMIT :limit FOR UPDATE SKIP LOCKED
""")
# An alert that is open when the team comes happened, even if it began before the team left.
_HAPPENED = text("""
    SELECT EXISTS (
        SELECT FROM notify.alerts WHERE brand = :brand AND raised_at < :until
            AND (raised_at >= :since OR state IN ('open', 'snoozed')
                OR EXISTS (SELECT FROM notify.timeline WHERE alert_id = alerts.id AND at >= :since AND at < :until))
    )
""")


@dataclass(frozen=True, slots=True)
class DutyTurn:
    """The team of `brand` has been away since `since` and comes back at `next_start` (None: not within a year)."""

    brand: str
    since: datetime
    next_start: datetime | None


async def find_turn(tx: Transaction, brand: str) -> DutyTurn | None:
    """The turn of a brand, locked; None when the brand has no coverage."""
    statement = text("SELECT brand, since, next_start FROM notify.duty_turns WHERE brand = :brand FOR UPDATE")
    row = (await tx.execute(statement, {"brand": brand})).one_or_none()
    return None if row is None else DutyTurn(row.brand, row.since, row.next_start)


async def save_turn(tx: Transaction, turn: DutyTurn) -> None:
    """Write the turn of a brand."""
    await tx.execute(_SAVE, {"brand": turn.brand, "since": turn.since, "next_start": turn.next_start})
    touch(tx, WAKE)


async def remove_turn(tx: Transaction, brand: str) -> None:
    """Forget a brand whose coverage was withdrawn."""
    await tx.execute(text("DELETE FROM notify.duty_turns WHERE brand = :brand"), {"brand": brand})


async def claim_due_turns(tx: Transaction, *, now: datetime, limit: int) -> list[DutyTurn]:
    """Turns whose team has come, locked until this transaction ends; those of other tickers left out."""
    rows = await tx.execute(_CLAIM, {"now": now, "limit": limit})
    return [DutyTurn(row.brand, row.since, row.next_start) for row in rows]


async def anything_happened(tx: Transaction, *, brand: str, since: datetime, until: datetime) -> bool:
    """Whether the team of `brand` has anything to be told about `[since, until)`."""
    parameters = {"brand": brand, "since": since, "until": until}
    return bool((await tx.execute(_HAPPENED, parameters)).scalar_one())
