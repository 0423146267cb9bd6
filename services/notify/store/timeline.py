"""What happened to an alert, entry by entry: the proof of every decision, and what is said on the bus."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from services.contracts.errors import NotFoundError
from services.contracts.events import AlertEvolved
from services.contracts.values import Instant, Reason, Severity, Value
from services.kit import outbox
from services.kit.database import Transaction
from services.notify.domain.alert import AlertState

Data = Mapping[str, str | int | float | bool | None]

# Counting and writing in one statement: the update of the alert's row also orders writers of one timeline.
_ADD = text("""
    WITH alert AS (
        UPDATE notify.alerts SET entries = entries + 1 WHERE id = :alert_id
        RETURNING id, entries, brand, state, severity, headline
    ), entry AS (
        INSERT INTO notify.timeline (alert_id, sequence, at, code, text, points, actor, state, severity, data)
        SELECT id, entries, :at, :code, :text, :points, :actor, state, severity, CAST(:data AS jsonb) FROM alert
    )
    SELECT entries, brand, state, severity, headline FROM alert
""")


class TimelineEntry(Value):
    """One thing that happened to an alert.

    Attributes:
        sequence: Its number within the alert, from 1.
        at: Business time.
        reason: The named reason, and its sentence for people.
        actor: Who did it: a person, a token, or `veilleur`.
        state: The alert's state after it.
        severity: The alert's severity after it.
        data: Figures and ids that the reason speaks of.
    """

    sequence: int
    at: Instant
    reason: Reason
    actor: str
    state: AlertState
    severity: Severity
    data: dict[str, str | int | float | bool | None]


async def add_entry(
    tx: Transaction, *, alert_id: UUID, reason: Reason, actor: str, at: datetime, data: Data
) -> int:
    """Write an entry, say it on the bus through the outbox, and return its number.

    The alert's state and severity are taken as they are now: save the alert first.

    Raises:
        NotFoundError: There is no such alert.
    """
    document = dict(data)
    row = (
        await tx.execute(
            _ADD,
            {
                "alert_id": alert_id,
                "at": at,
                "code": reason.code,
                "text": reason.text,
                "points": reason.points,
                "actor": actor,
                "data": json.dumps(document),
            },
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError("alert", alert_id)
    event = AlertEvolved(
        brand=row.brand,
        alert_id=alert_id,
        sequence=row.entries,
        at=at,
        reason=reason,
        actor=actor,
        state=row.state,
        severity=row.severity,
        headline=row.headline,
        data=document,
    )
    await outbox.write(tx, "notify", [event], occurred_at=at)
    return event.sequence


async def entries_of(
    tx: Transaction, alert_id: UUID, *, after: int = 0, limit: int = 1000
) -> list[TimelineEntry]:
    """The entries of an alert from behind number `after`, oldest first."""
    rows = await tx.execute(
        text("""
            SELECT sequence, at, code, text, points, actor, state, severity, data FROM notify.timeline
            WHERE alert_id = :alert_id AND sequence > :after ORDER BY sequence LIMIT :limit
        """),
        {"alert_id": alert_id, "after": after, "limit": limit},
    )
    return [
        TimelineEntry(
            sequence=row.sequence,
            at=row.at,
            reason=Reason(code=row.code, text=row.text, points=row.points),
            actor=row.actor,
            state=row.state,
            severity=row.severity,
            data=json.loads(row.data) if isinstance(row.data, str) else row.data,
        )
        for row in rows
    ]
