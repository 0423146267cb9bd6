"""How the latest pages of many alerts went: who, by which channels, with which answer."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from services.contracts.values import Instant, Value
from services.kit.database import Transaction
from services.notify.domain.page import DeliveryState

# A lateral limit reads `each` rows of the index an alert, however often a long night has reminded everybody. Of a
# contact only its last attempt counts: the ones before are why there was another.
_LATEST = text("""
    SELECT asked.alert_id, pages.*, coalesce(CAST(sends.tale AS text), '[]') AS sends
    FROM unnest(CAST(:ids AS uuid[])) AS asked(alert_id)
    CROSS JOIN LATERAL (
        SELECT id, kind, responder_name AS name, created_at AS at, answer, answered_at, count(*) OVER () AS total
        FROM notify.pages WHERE alert_id = asked.alert_id ORDER BY created_at DESC, id DESC LIMIT :each
    ) AS pages
    LEFT JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object('channel', kind, 'state', state) ORDER BY position) AS tale
        FROM (
            SELECT DISTINCT ON (position) position, kind, state FROM notify.deliveries
            WHERE page_id = pages.id ORDER BY position, attempt DESC
        ) AS newest
    ) AS sends ON true
    ORDER BY pages.at DESC, pages.id DESC
""")


class SendTale(Value):
    """What became of one contact of a page: the channel, and where its last attempt stands."""

    channel: str
    state: DeliveryState


class PageTale(Value):
    """One attempt to reach somebody, and how it went.

    Attributes:
        kind: `responder` or `fallback`.
        total: How many pages its alert has in all.
    """

    id: UUID
    kind: str
    name: str
    at: Instant
    answer: str | None
    answered_at: Instant | None
    total: int
    sends: tuple[SendTale, ...]


async def latest_pages(
    tx: Transaction, alert_ids: Sequence[UUID], *, each: int
) -> dict[UUID, list[PageTale]]:
    """The last pages of each alert, newest first, at most `each` of them, in one round trip."""
    rows = await tx.execute(_LATEST, {"ids": list(alert_ids), "each": each})
    found: dict[UUID, list[PageTale]] = defaultdict(list)
    for row in rows.mappings():
        tale = PageTale.model_validate({**row, "sends": json.loads(row["sends"])})
        found[row["alert_id"]].append(tale)
    return found
