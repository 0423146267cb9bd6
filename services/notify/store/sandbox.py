"""What the sandbox channel recorded."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from services.contracts.values import Instant, Value
from services.kit.database import Transaction
from services.notify.domain.message import Message

_INSERT = text("""
    INSERT INTO notify.sandbox_messages (delivery_id, page_id, alert_id, kind, recipient, subject, body, at)
    VALUES (:delivery_id, :page_id, :alert_id, :kind, :recipient, :subject, :body, :at)
    RETURNING number
""")
_LIST = text("""
    SELECT number, delivery_id, page_id, alert_id, kind, recipient, subject, body, at
    FROM notify.sandbox_messages
    WHERE number > :after AND (CAST(:alert_id AS uuid) IS NULL OR alert_id = :alert_id)
    ORDER BY number LIMIT :limit
""")


class SandboxMessage(Value):
    """One recorded message, in the order of recording; `kind` is the channel it would have left by."""

    number: int
    delivery_id: UUID | None
    page_id: UUID | None
    alert_id: UUID | None
    kind: str
    recipient: str
    subject: str
    body: str
    at: Instant


async def record(
    tx: Transaction, *, kind: str, recipient: str, message: Message, body: str, at: datetime
) -> int:
    """Keep a message; its number."""
    values = {
        "delivery_id": message.delivery_id,
        "page_id": message.page_id,
        "alert_id": message.alert_id,
        "kind": kind,
        "recipient": recipient,
        "subject": message.subject,
        "body": body,
        "at": at,
    }
    return int((await tx.execute(_INSERT, values)).scalar_one())


async def recorded(
    tx: Transaction, *, after: int, limit: int, alert_id: UUID | None = None
) -> list[SandboxMessage]:
    """Messages after number `after`, oldest first."""
    rows = await tx.execute(_LIST, {"after": after, "limit": limit, "alert_id": alert_id})
    return [SandboxMessage.model_validate(dict(row)) for row in rows.mappings()]
