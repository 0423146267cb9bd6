"""Pages and their first sends: rows only, written with the decision that they follow from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from services.contracts.values import Reason
from services.kit.database import Transaction
from services.kit.wakes import CHANNEL, touch
from services.notify.domain.page import Page, Send

WAKE = "notify-deliveries"
"""What wakes senders: bumped, here and in other processes, when sends were queued."""

_INSERT_PAGE = text("""
    INSERT INTO notify.pages (id, alert_id, kind, responder_id, responder_name, language, zone, round, step, reason, created_at)
    VALUES (:id, :alert_id, :kind, :responder_id, :responder_name, :language, :zone, :round, :step,
            CAST(:reason AS jsonb), :created_at)
    ON CONFLICT (id) DO NOTHING
""")
_INSERT_SEND = text("""
    INSERT INTO notify.deliveries (id, page_id, handover_id, alert_id, position, attempt, kind, provider, address, masked,
                                   state, not_before, queued_at)
    VALUES (:id, :page_id, :handover_id, :alert_id, :position, :attempt, :kind, :provider, :address, :masked,
            'queued', :not_before, :queued_at)
    ON CONFLICT (id) DO NOTHING
""")
_CANCEL = text("""
    UPDATE notify.deliveries SET state = 'cancelled', code = :code, detail = :detail, finished_at = :at
    WHERE alert_id = :alert_id AND state = 'queued'
""")
_ANSWER = text("""
    UPDATE notify.pages SET answer = :answer, answered_at = :at WHERE id = :id AND (answer IS NULL OR (answer = 'declined' AND :answer = 'taken'))
""")
_MANY = text("""
    SELECT id, alert_id, kind, responder_id, responder_name, language, zone, round, step, CAST(reason AS text) AS reason,
           created_at
    FROM notify.pages WHERE id = ANY(:ids)
""")


_ANSWER_TO = text("SELECT answer FROM notify.pages WHERE id = :id")
_OTHERS = text("""
    SELECT EXISTS (
        SELECT FROM notify.pages
        WHERE alert_id = :alert_id AND kind = 'responder' AND id <> :id
          AND (created_at > :created_at OR (round = :round AND step = :step AND answer IS DISTINCT FROM 'declined')))
""")


async def insert_page(tx: Transaction, page: Page, sends: Sequence[Send]) -> None:
    """Write a page and queue its sends; a page already written stays as it is."""
    doc = {**asdict(page), "reason": page.reason.model_dump_json()}
    if (await tx.execute(_INSERT_PAGE, doc)).rowcount:
        await queue_sends(tx, sends, at=page.created_at)


async def queue_sends(tx: Transaction, sends: Sequence[Send], *, at: datetime) -> None:
    """Queue sends in one statement; those already queued stay as they are."""
    if sends:
        await tx.execute(_INSERT_SEND, [{**asdict(send), "id": send.id, "queued_at": at} for send in sends])
        await tx.execute(text("SELECT pg_notify(:channel, :name)"), {"channel": CHANNEL, "name": WAKE})
        touch(tx, WAKE)


async def cancel_queued(tx: Transaction, *, alert_id: UUID, why: Reason, at: datetime) -> int:
    """Cancel what waits to be sent for one alert; how many there were."""
    values = {"alert_id": alert_id, "code": why.code, "detail": why.text, "at": at}
    return (await tx.execute(_CANCEL, values)).rowcount


async def answer_page(tx: Transaction, *, page_id: UUID, answer: str, at: datetime) -> bool:
    """Keep what the person answered; False when it changes nothing. Who passed it on may still take it."""
    return (await tx.execute(_ANSWER, {"id": page_id, "answer": answer, "at": at})).rowcount == 1


async def answer_to(tx: Transaction, page_id: UUID) -> str | None:
    """What the person answered, if anything."""
    found: str | None = (await tx.execute(_ANSWER_TO, {"id": page_id})).scalar_one_or_none()
    return found


async def is_last_word(tx: Transaction, page: Page) -> bool:
    """Whether nobody was paged after this page, and everybody else of its step passed it on."""
    values = {
        "alert_id": page.alert_id,
        "id": page.id,
        "created_at": page.created_at,
        "round": page.round,
        "step": page.step,
    }
    return not (await tx.execute(_OTHERS, values)).scalar_one()


async def find_pages(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, Page]:
    """Those of the pages that exist, by id."""
    rows = (await tx.execute(_MANY, {"ids": list(ids)})).mappings()
    return {row["id"]: page_from(row) for row in rows}


async def find_page(tx: Transaction, page_id: UUID) -> Page | None:
    """The page; None when there is no such page."""
    return (await find_pages(tx, [page_id])).get(page_id)


def page_from(row: RowMapping) -> Page:
    """A page from its row, with `reason` as text."""
    fields: dict[str, Any] = {name: row[name] for name in Page.__dataclass_fields__}
    return Page(**{**fields, "reason": Reason.model_validate_json(row["reason"])})
