"""Somebody wants the next person woken now."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from services.contracts.errors import ConflictError
from services.kit.database import Transaction
from services.notify.domain.alert import AlertState
from services.notify.domain.phrase import named
from services.notify.domain.run import Phase, Run
from services.notify.handlers.decide_escalation import weigh
from services.notify.handlers.run_step import run_step
from services.notify.settings.escalation import House
from services.notify.store.alerts import get_alert
from services.notify.store.runs import find_run
from services.notify.store.timeline import add_entry
from services.notify.views import AlertView


async def escalate_alert(
    tx: Transaction, *, alert_id: UUID, actor: str, at: datetime, house: House
) -> AlertView:
    """Carry out the next step at once, whatever the hour and the severity: a human asked for it.

    Raises:
        NotFoundError: There is no such alert.
        ConflictError: Somebody took it, or it is over.
    """
    alert = await get_alert(tx, alert_id, lock=True)
    if alert.state is not AlertState.OPEN:
        who = alert.resolved_by or alert.acknowledged_by
        raise ConflictError(f"This alert is {alert.state} (by {who}): there is nobody left to wake for it.")
    why = named("escalated_by_hand", house.language, actor=actor)
    await add_entry(tx, alert_id=alert_id, reason=why, actor=actor, at=at, data={})
    run = await find_run(tx, alert_id) or Run.new(alert_id)
    if run.phase in {Phase.HELD, Phase.STOPPED}:
        policy = (await weigh(tx, alert, at=at, house=house)).policy
        run = run.exhausted(at) if policy is None else run.started(policy, at)
    await run_step(tx, alert, run, at=at, house=house)
    return AlertView.of(alert, changed=True)
