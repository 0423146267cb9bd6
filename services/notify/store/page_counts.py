"""The pages of one alert, with what became of their sends."""

from __future__ import annotations

import json
from uuid import UUID

from sqlalchemy import text

from services.contracts.values import Instant, Reason, Value
from services.kit.database import Transaction

_SELECT = text("""
    SELECT pages.id, pages.kind, pages.responder_id, pages.responder_name, pages.round, pages.step,
        CAST(pages.reason AS text) AS reason, pages.created_at, pages.answer, pages.answered_at,
        coalesce(CAST(sends.counts AS text), '{}') AS deliveries
    FROM notify.pages
    LEFT JOIN LATERAL (
        SELECT jsonb_object_agg(state, number) AS counts FROM (
            SELECT state, count(*) AS number FROM notify.deliveries WHERE page_id = pages.id GROUP BY state
        ) AS counted
    ) AS sends ON true
    WHERE pages.alert_id = :alert_id ORDER BY pages.created_at, pages.id LIMIT :limit
""")


class CountedPage(Value):
    """One attempt to reach somebody.

    Attributes:
        kind: `responder` or `fallback`.
        round: Which round of the policy, from 0.
        step: Which step of it, from 0; -1 for the fallback.
        reason: Why this person, then.
        at: When it was decided.
        answer: What the person said, if anything.
        deliveries: How many sends are in which state.
    """

    id: UUID
    kind: str
    responder_id: str | None
    responder_name: str
    round: int
    step: int
    reason: Reason
    at: Instant
    answer: str | None
    answered_at: Instant | None
    deliveries: dict[str, int]


async def counted_pages(tx: Transaction, alert_id: UUID, *, limit: int = 1000) -> list[CountedPage]:
    """The pages of an alert, oldest first."""
    rows = await tx.execute(_SELECT, {"alert_id": alert_id, "limit": limit})
    return [
        CountedPage.model_validate(
            {
                **row,
                "at": row["created_at"],
                "reason": json.loads(row["reason"]),
                "deliveries": json.loads(row["deliveries"]),
            }
        )
        for row in rows.mappings()
    ]
