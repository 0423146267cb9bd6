"""Handovers: what happened off duty, gathered once and kept as it was told."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text

from services.contracts.errors import NotFoundError
from services.kit.database import Transaction
from services.notify.domain.handover import HandedAlert, HandedPage, Handover, HandoverContent

_ALERTS = text("""
    SELECT id AS alert_id, headline, severity, raised_at, state, acknowledged_by, acknowledged_at, verdict
    FROM notify.alerts
    WHERE brand = :brand AND raised_at < :at AND (raised_at >= :since OR state <> 'resolved' OR resolved_at >= :since)
    ORDER BY raised_at, id
""")
_NAME = text("SELECT coalesce((SELECT name FROM notify.brands WHERE id = :brand), :brand)")
_PAGES = text("""
    SELECT pages.alert_id, pages.responder_name AS responder, pages.created_at AS at, pages.answer,
           array_remove(array_agg(DISTINCT deliveries.kind) FILTER (WHERE deliveries.state = 'sent'), NULL) AS channels
    FROM notify.pages LEFT JOIN notify.deliveries ON deliveries.page_id = pages.id
    WHERE pages.alert_id = ANY(:alerts) AND pages.created_at >= :since
    GROUP BY pages.id ORDER BY pages.created_at, pages.id
""")
_INSERT = text("""
    INSERT INTO notify.handovers (id, brand, since, at, team, language, zone, content)
    VALUES (:id, :brand, :since, :at, :team, :language, :zone, CAST(:content AS jsonb))
    ON CONFLICT (id) DO NOTHING
""")
_COLUMNS = "id, brand, since, at, team, language, zone, CAST(content AS text) AS content"
_MANY = text(f"SELECT {_COLUMNS} FROM notify.handovers WHERE id = ANY(:ids)")  # noqa: S608 - a constant
_LIST = text(f"""
    SELECT {_COLUMNS} FROM notify.handovers
    WHERE (CAST(:brand AS text) IS NULL OR brand = :brand)
      AND (CAST(:after_at AS timestamptz) IS NULL OR (at, id) < (:after_at, :after_id))
    ORDER BY at DESC, id DESC LIMIT :limit
""")  # noqa: S608 - a constant


async def gather(tx: Transaction, *, brand: str, since: datetime, at: datetime) -> HandoverContent:
    """What the team of `brand` missed: alerts raised or resolved in the span, and what is still open from before."""
    name = (await tx.execute(_NAME, {"brand": brand})).scalar_one()
    alerts = (await tx.execute(_ALERTS, {"brand": brand, "since": since, "at": at})).mappings().all()
    pages: dict[UUID, list[HandedPage]] = defaultdict(list)
    for row in await tx.execute(_PAGES, {"alerts": [alert["alert_id"] for alert in alerts], "since": since}):
        pages[row.alert_id].append(
            HandedPage(
                responder=row.responder, at=row.at, channels=tuple(row.channels or ()), answer=row.answer
            )
        )
    handed = [HandedAlert(**alert, pages=tuple(pages[alert["alert_id"]])) for alert in alerts]
    return HandoverContent(brand_name=name, alerts=tuple(handed))


async def insert(tx: Transaction, handover: Handover) -> bool:
    """Keep a handover; False when it is known already."""
    values = handover.model_dump(exclude={"content"}) | {"content": handover.content.model_dump_json()}
    return (await tx.execute(_INSERT, values)).rowcount == 1


async def handovers_by_id(tx: Transaction, ids: list[UUID]) -> dict[UUID, Handover]:
    """Those that exist, by id."""
    rows = (await tx.execute(_MANY, {"ids": ids})).mappings()
    return {row["id"]: _from(row) for row in rows}


async def get_handover(tx: Transaction, handover_id: UUID) -> Handover:
    """One handover.

    Raises:
        NotFoundError: There is none of that id.
    """
    found = await handovers_by_id(tx, [handover_id])
    if not found:
        raise NotFoundError("handover", handover_id)
    return found[handover_id]


async def newest_handovers(
    tx: Transaction, *, brand: str | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[Handover]:
    """Handovers, newest first, from behind `after`."""
    after_at, after_id = after or (None, None)
    values = {"brand": brand, "after_at": after_at, "after_id": after_id, "limit": limit}
    return [_from(row) for row in (await tx.execute(_LIST, values)).mappings()]


def _from(row: RowMapping) -> Handover:
    return Handover.model_validate(
        dict(row) | {"content": HandoverContent.model_validate_json(row["content"])}
    )
