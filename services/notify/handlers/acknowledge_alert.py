"""Somebody takes an alert: the escalation stops, and nobody else is woken for it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from services.kit.database import Transaction
from services.notify.domain.phrase import named
from services.notify.domain.responder import Language
from services.notify.handlers.cancel_pages import cancel_pages
from services.notify.store.alerts import get_alert, save_alert
from services.notify.store.runs import stop_run
from services.notify.store.timeline import add_entry
from services.notify.views import AlertView


async def acknowledge_alert(
    tx: Transaction, *, alert_id: UUID, actor: str, at: datetime, language: Language = "fr"
) -> AlertView:
    """Let `actor` take the alert. The first one wins: a later call changes nothing and shows who took it.

    A resolved alert stays as it is. What is queued for the alert is cancelled in the same transaction.

    Raises:
        NotFoundError: There is no such alert.
    """
    before = await get_alert(tx, alert_id, lock=True)
    alert = before.acknowledged(by=actor, at=at)
    if alert is before:
        return AlertView.of(alert)
    why = named("acknowledged", language, actor=actor)
    await save_alert(tx, alert)
    await stop_run(tx, alert_id)
    cancelled = await cancel_pages(tx, alert_id=alert_id, why=why, at=at)
    await add_entry(tx, alert_id=alert_id, reason=why, actor=actor, at=at, data={"cancelled": cancelled})
    return AlertView.of(alert, changed=True)
