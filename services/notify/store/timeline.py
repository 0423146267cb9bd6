"""What happened to an alert, entry by entry: the proof of every decision, and what is said on the bus."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from services.contracts.errors import NotFoundError
from services.contracts.events import AlertEvolved
from services.contracts.values import Instant, Reason, Severity, Value
from services.kit import outbox
from services.kit.database import Transaction
from services.notify.domain.alert import AlertState

Data = Mapping[str, str | int | float | bool | None]

Noted = tuple[Reason, Data]
"""A reason, and the figures and ids that it speaks of."""

# Counting and writing in one statement: the update of the alert's row also orders writers of one timeline.
_ADD = text("""
    WITH alert AS (
        UPDATE notify.alerts SET entries = entries + CAST(:count AS integer) WHERE id = :alert_id
        RETURNING id, entries, brand, state, severity, headline
    ), entry AS (
        INSERT INTO notify.timeline (alert_id, sequence, at, code, text, points, actor, state, severity, data)
        SELECT alert.id, alert.entries - CAST(:count AS integer) + noted.place, :at, noted.code, noted.text,
            noted.points, :actor, alert.state, alert.severity, noted.data
        FROM alert, jsonb_to_recordset(CAST(:noted AS jsonb))
            AS noted(place integer, code text, text text, points double precision, data jsonb)
    )
    SELECT entries, brand, state, severity, headline FROM alert
""")
_COLUMNS = "SELECT sequence, at, code, text, points, actor, state, severity, data FROM notify.timeline"
_FROM = text(f"{_COLUMNS} WHERE alert_id = :alert_id AND sequence > :after ORDER BY sequence LIMIT :limit")
_LATEST = text(f"{_COLUMNS} WHERE alert_id = :alert_id ORDER BY sequence DESC LIMIT :limit")


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
    return await add_entries(tx, alert_id=alert_id, noted=[(reason, data)], actor=actor, at=at)


async def add_entries(
    tx: Transaction, *, alert_id: UUID, noted: Sequence[Noted], actor: str, at: datetime
) -> int:
    """Write entries in their order, in one round trip, say them on the bus, and return the last one's number.

    Raises:
        NotFoundError: There is no such alert.
    """
    rows = [
        {
            "place": place,
            "code": reason.code,
            "text": reason.text,
            "points": reason.points,
            "data": dict(data),
        }
        for place, (reason, data) in enumerate(noted, start=1)
    ]
    parameters = {
        "alert_id": alert_id,
        "at": at,
        "actor": actor,
        "count": len(rows),
        "noted": json.dumps(rows),
    }
    alert = (await tx.execute(_ADD, parameters)).one_or_none()
    if alert is None:
        raise NotFoundError("alert", alert_id)
    events = [
        AlertEvolved(
            brand=alert.brand,
            alert_id=alert_id,
            sequence=alert.entries - len(rows) + place,
            at=at,
            reason=reason,
            actor=actor,
            state=alert.state,
            severity=alert.severity,
            headline=alert.headline,
            data=dict(data),
        )
        for place, (reason, data) in enumerate(noted, start=1)
    ]
    await outbox.write(tx, "notify", events, occurred_at=at)
    return int(alert.entries)


async def entries_of(
    tx: Transaction, alert_id: UUID, *, after: int = 0, limit: int = 1000
) -> list[TimelineEntry]:
    """The entries of an alert from behind number `after`, oldest first."""
    rows = await tx.execute(_FROM, {"alert_id": alert_id, "after": after, "limit": limit})
    return [_entry(row) for row in rows]


async def latest_entries(tx: Transaction, alert_id: UUID, *, limit: int) -> list[TimelineEntry]:
    """The last entries of an alert, oldest first. Their numbers tell how many came before."""
    rows = (await tx.execute(_LATEST, {"alert_id": alert_id, "limit": limit})).all()
    return [_entry(row) for row in reversed(rows)]


def _entry(row: Row[Any]) -> TimelineEntry:
    return TimelineEntry(
        sequence=row.sequence,
        at=row.at,
        reason=Reason(code=row.code, text=row.text, points=row.points),
        actor=row.actor,
        state=row.state,
        severity=row.severity,
        data=json.loads(row.data) if isinstance(row.data, str) else row.data,
    )
