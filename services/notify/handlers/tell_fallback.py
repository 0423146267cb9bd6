"""Nobody else can be reached: tell the fallback, and write down that it was told, or that there is none."""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from services.contracts.values import Reason
from services.kit.database import Transaction
from services.notify.handlers.page_responder import page_fallback
from services.notify.settings.escalation import House
from services.notify.store.timeline import add_entry

_log = logging.getLogger(__name__)


async def tell_fallback(tx: Transaction, *, alert_id: UUID, why: Reason, at: datetime, house: House) -> bool:
    """Page the fallback because of `why`; True if there is one."""
    outcome = await page_fallback(
        tx, alert_id=alert_id, why=why, at=at, language=house.language, settings=house.delivery
    )
    page = str(outcome.page_id) if outcome.page_id else None
    data = {"why": why.code, "page": page}
    await add_entry(tx, alert_id=alert_id, reason=outcome.reason, actor="veilleur", at=at, data=data)
    if outcome.page_id is None:
        _log.critical(
            "Nobody can be reached about alert %s, and there is no fallback (%s).", alert_id, why.code
        )
    return outcome.page_id is not None
