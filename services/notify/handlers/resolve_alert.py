"""An alert is over, and somebody says what it was."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from services.kit.database import Transaction
from services.notify.domain.alert import Verdict
from services.notify.domain.phrase import named
from services.notify.domain.responder import Language
from services.notify.handlers.cancel_pages import cancel_pages
from services.notify.store.alerts import get_alert, save_alert
from services.notify.store.runs import stop_run
from services.notify.store.timeline import add_entry
from services.notify.views import AlertView


async def resolve_alert(
    tx: Transaction,
    *,
    alert_id: UUID,
    actor: str,
    verdict: Verdict,
    note: str | None,
    at: datetime,
    language: Language = "fr",
) -> AlertView:
    """End the alert with a verdict; nobody is woken for it any more, whether it had been taken or not.

    Raises:
        NotFoundError: There is no such alert.
        ConflictError: It has a verdict already.
    """
    before = await get_alert(tx, alert_id, lock=True)
    alert = before.resolved(by=actor, at=at, verdict=verdict, note=note)
    why = named(f"resolved_{verdict.value}", language, actor=actor)
    await save_alert(tx, alert)
    await stop_run(tx, alert_id)
    cancelled = await cancel_pages(tx, alert_id=alert_id, why=why, at=at)
    data = {"verdict": verdict.value, "note": note, "cancelled": cancelled}
    await add_entry(tx, alert_id=alert_id, reason=why, actor=actor, at=at, data=data)
    return AlertView.of(alert, changed=True)
