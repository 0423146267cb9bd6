"""The ledger of sends: what is due, who claimed it, what became of it.

Why nothing is claimed after an acknowledgement: the claim reads each alert with `FOR SHARE`, and an acknowledgement
updates that row. Whichever comes first in the database holds the other off. A claim that committed first is a send
in flight, which nobody can call back; after the acknowledgement has committed, the alert is no longer open for any
claim, whether the deliveries were cancelled with it or were queued by a transaction that had not seen it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kit.database import Transaction
from services.notify.domain.page import DeliveryState, Send

_LANES = text("""
    SELECT DISTINCT provider FROM notify.deliveries WHERE state = 'queued' AND not_before <= :at
""")
# Rows of answered alerts that a concurrent transaction queued: cancelled here, so that nothing waits for ever.
_SWEEP = text("""
    WITH late AS (
        SELECT d.id FROM notify.deliveries d JOIN notify.alerts a ON a.id = d.alert_id
        WHERE d.state = 'queued' AND a.state <> 'open'
        ORDER BY d.id FOR UPDATE OF d SKIP LOCKED
    )
    UPDATE notify.deliveries d SET state = 'cancelled', code = 'alert_answered', finished_at = :at
    FROM late WHERE d.id = late.id
""")
_CLAIM = """
    WITH due AS (
        SELECT d.id FROM notify.deliveries d {join}
        WHERE d.state = 'queued' AND d.provider = :provider AND d.not_before <= :at AND {condition}
        ORDER BY d.not_before, d.queued_at, d.id LIMIT :room
        FOR UPDATE OF d SKIP LOCKED {share}
    )
    UPDATE notify.deliveries d SET state = 'sending', claim = :claim, started_at = :at,
           machine_started_at = clock_timestamp(),
           lease_until = clock_timestamp() + make_interval(secs => :lease)
    FROM due WHERE d.id = due.id
    RETURNING d.*
"""
_CLAIM_PAGES = text(
    _CLAIM.format(
        join="JOIN notify.alerts a ON a.id = d.alert_id",
        condition="a.state = 'open'",
        share="FOR SHARE OF a SKIP LOCKED",
    )
)
_CLAIM_OTHERS = text(_CLAIM.format(join="", condition="d.alert_id IS NULL", share=""))
_LAPSED = text("""
    WITH lapsed AS (
        SELECT id FROM notify.deliveries WHERE state = 'sending' AND lease_until <= clock_timestamp()
        ORDER BY id FOR UPDATE SKIP LOCKED
    )
    UPDATE notify.deliveries d SET state = 'uncertain', code = 'lease_lapsed', finished_at = :at,
           machine_finished_at = clock_timestamp()
    FROM lapsed WHERE d.id = lapsed.id
    RETURNING d.*
""")
# A result that comes after its lease had lapsed still says what happened, so it overrides `uncertain`; unless the
# attempt in its place has left already: that one is explained by nothing but the uncertainty, which therefore stays.
# The claim is given back with the result, so that a result told twice (the answer to a commit was lost) counts once.
_RECORD = text("""
    UPDATE notify.deliveries d
    SET state = CASE WHEN late.left_again THEN 'uncertain' ELSE r.state END,
        code = CASE WHEN late.left_again THEN 'sent_late' ELSE r.code END,
        detail = r.detail, finished_at = :at, claim = NULL, lease_until = NULL, machine_finished_at = clock_timestamp()
    FROM unnest(CAST(:ids AS uuid[]), CAST(:claims AS uuid[]), CAST(:states AS text[]), CAST(:codes AS text[]),
                CAST(:details AS text[])) AS r(id, claim, state, code, detail)
    JOIN notify.deliveries s ON s.id = r.id
    CROSS JOIN LATERAL (
        SELECT s.state = 'uncertain' AND r.state = 'sent' AND EXISTS (
            SELECT FROM notify.deliveries n
            WHERE (n.page_id = s.page_id OR n.handover_id = s.handover_id) AND n.position = s.position
              AND n.attempt > s.attempt AND n.state NOT IN ('queued', 'cancelled')) AS left_again
    ) late
    WHERE d.id = r.id AND d.claim = r.claim AND d.state IN ('sending', 'uncertain')
    RETURNING d.id
""")
# A result that was late: the attempt that was queued in its place is not needed any more.
_SUPERSEDE = text("""
    UPDATE notify.deliveries d SET state = 'cancelled', code = 'sent_before', finished_at = :at
    FROM notify.deliveries s
    WHERE s.id = ANY(:sent) AND d.state = 'queued' AND d.position = s.position AND d.attempt > s.attempt
      AND (d.page_id = s.page_id OR d.handover_id = s.handover_id)
""")
_LOCK = text("SELECT id, state FROM notify.alerts WHERE id = ANY(:ids) ORDER BY id FOR UPDATE")
# A page is lost when none of its contacts was reached and none may be any more.
_LOST = text("""
    SELECT p.id FROM notify.pages p
    WHERE p.id = ANY(:pages) AND p.kind = 'responder' AND NOT EXISTS (
        SELECT FROM notify.deliveries d
        WHERE d.page_id = p.id AND d.state IN ('queued', 'sending', 'sent', 'cancelled'))
""")
_LOOK = text("""
    SELECT EXISTS (SELECT FROM notify.deliveries WHERE state = 'queued' AND not_before <= :at)
        OR EXISTS (SELECT FROM notify.deliveries WHERE state = 'sending' AND lease_until <= clock_timestamp()),
        (SELECT min(not_before) FROM notify.deliveries WHERE state = 'queued' AND not_before > :at)
""")
_FIRST = text("SELECT min(not_before) FROM notify.deliveries WHERE state = 'queued'")
_NEXT = text("SELECT min(not_before) FROM notify.deliveries WHERE state = 'queued' AND not_before > :at")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A send that this process, and no other, may do now. `claim` proves it when the result is recorded."""

    id: UUID
    claim: UUID
    send: Send


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a claimed send. `code` is the provider's own; `detail` holds no secret."""

    claimed: Claimed
    state: DeliveryState
    code: str
    detail: str = ""
    retry: bool = False


async def lanes(tx: Transaction, *, at: datetime) -> list[str]:
    """The providers that something is due for."""
    return list((await tx.execute(_LANES, {"at": at})).scalars())


async def sweep_answered(tx: Transaction, *, at: datetime) -> int:
    """Cancel what is queued for alerts that need nobody any more."""
    return (await tx.execute(_SWEEP, {"at": at})).rowcount


async def claim(
    tx: Transaction, rooms: Mapping[str, int], *, claim_id: UUID, at: datetime, lease: float
) -> list[Claimed]:
    """Claim what is due, at most `rooms[provider]` sends each. Commit before sending.

    `lease` is in machine seconds.
    """
    claimed: list[Claimed] = []
    for provider, room in rooms.items():
        values = {"claim": claim_id, "at": at, "lease": lease, "provider": provider, "room": room}
        pages = [_claimed(row) for row in (await tx.execute(_CLAIM_PAGES, values)).mappings()]
        values["room"] = room - len(pages)
        others = [_claimed(row) for row in (await tx.execute(_CLAIM_OTHERS, values)).mappings()]
        claimed += pages + others
    return claimed


async def lapse(tx: Transaction, *, at: datetime) -> list[Claimed]:
    """Mark claimed sends whose lease ran out as uncertain, and return them."""
    return [_claimed(row) for row in (await tx.execute(_LAPSED, {"at": at})).mappings()]


async def record(tx: Transaction, outcomes: Sequence[Outcome], *, at: datetime) -> set[UUID]:
    """Write what became of claimed sends; the ids of those of which it was not known before."""
    if sent := [outcome.claimed.id for outcome in outcomes if outcome.state is DeliveryState.SENT]:
        # First, so that whoever claims one of them at this moment is waited for, and seen by the next statement.
        await tx.execute(_SUPERSEDE, {"sent": sent, "at": at})
    recorded = await tx.execute(
        _RECORD,
        {
            "ids": [outcome.claimed.id for outcome in outcomes],
            "claims": [outcome.claimed.claim for outcome in outcomes],
            "states": [outcome.state.value for outcome in outcomes],
            "codes": [outcome.code for outcome in outcomes],
            "details": [outcome.detail for outcome in outcomes],
            "at": at,
        },
    )
    return set(recorded.scalars())


async def lock_alerts(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, bool]:
    """Lock alerts in the order of their ids; whether each is still unanswered."""
    rows = await tx.execute(_LOCK, {"ids": list(ids)})
    return {row.id: row.state == "open" for row in rows}


async def lost_pages(tx: Transaction, pages: Sequence[UUID]) -> set[UUID]:
    """Those of the pages that reached nobody and will not."""
    return set((await tx.execute(_LOST, {"pages": list(pages)})).scalars())


async def look(connection: AsyncConnection, *, at: datetime) -> tuple[bool, datetime | None]:
    """Whether anything may be claimed or has lapsed, and the next business instant at which a send becomes due."""
    row = (await connection.execute(_LOOK, {"at": at})).one()
    return bool(row[0]), row[1]


async def first_due(connection: AsyncConnection) -> datetime | None:
    """The earliest business instant at which a queued send is, or was, due."""
    found: datetime | None = await connection.scalar(_FIRST)
    return found


async def next_due(tx: Transaction, *, after: datetime) -> datetime | None:
    """The next business instant at which a queued send becomes due."""
    found: datetime | None = (await tx.execute(_NEXT, {"at": after})).scalar_one()
    return found


def _claimed(row: RowMapping) -> Claimed:
    return Claimed(row["id"], row["claim"], Send(**{name: row[name] for name in Send.__dataclass_fields__}))
