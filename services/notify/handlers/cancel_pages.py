"""Stop what is queued for an alert: somebody answered, or it is over."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from services.contracts.values import Reason
from services.kit.database import Transaction
from services.notify.store import pages


async def cancel_pages(tx: Transaction, *, alert_id: UUID, why: Reason, at: datetime) -> int:
    """Cancel the queued deliveries of this alert; those being sent right now cannot be called back.

    Returns:
        How many deliveries were cancelled.
    """
    return await pages.cancel_queued(tx, alert_id=alert_id, why=why, at=at)
