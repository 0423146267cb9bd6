"""The situation of an alert changes: it grows, gets worse, or calms down."""

from __future__ import annotations

from datetime import datetime

from services.contracts.events import AlertGrew, AlertSubsided
from services.contracts.values import Reason
from services.kit.database import Transaction
from services.notify.domain.alert import Alert, AlertState
from services.notify.domain.phrase import named, severity_name
from services.notify.domain.run import Phase, Run
from services.notify.handlers.decide_escalation import ACTOR, follow, weigh
from services.notify.settings.escalation import House
from services.notify.store.alerts import get_alert, save_alert
from services.notify.store.runs import find_run
from services.notify.store.timeline import add_entry


async def grow_alert(tx: Transaction, event: AlertGrew, *, at: datetime, house: House) -> bool:
    """Note that the situation grew; a higher severity is decided anew. False when this growth is known already.

    An escalation that is under way goes on where it is. One that waits, gave up or was not worth waking anybody
    starts over; an answered alert opens again, because what was answered was something smaller.

    Raises:
        NotFoundError: There is no such alert.
    """
    before = await get_alert(tx, event.alert_id, lock=True)
    alert = before.grown(
        step=event.step,
        severity=event.severity,
        headline=event.headline,
        at=event.at,
        situation=event.situation,
        mentions=event.mentions,
    )
    if alert is before:
        return False
    await save_alert(tx, alert)
    why = _why(before, alert, house)
    data = {"growth": event.step, "mentions": event.situation.mentions, "max_risk": event.situation.max_risk}
    await add_entry(tx, alert_id=alert.id, reason=why, actor=ACTOR, at=at, data=data)
    if alert.severity.rank > before.severity.rank:
        run = await find_run(tx, alert.id) or Run.new(alert.id)
        if run.phase is not Phase.ESCALATING:
            decision = await weigh(tx, alert, at=at, house=house)
            await follow(tx, alert, run, decision, at=at, house=house)
    return True


async def subside_alert(tx: Transaction, event: AlertSubsided, *, at: datetime, house: House) -> bool:
    """Note that the situation is over by itself: an all-clear, which neither resolves nor stops anything.

    Raises:
        NotFoundError: There is no such alert.
    """
    before = await get_alert(tx, event.alert_id, lock=True)
    if before.subsided_at == event.at:
        return False
    alert = before.subsided(at=event.at, situation=event.situation)
    await save_alert(tx, alert)
    reason = named("subsided", house.language)
    data = {"mentions": event.situation.mentions}
    await add_entry(tx, alert_id=alert.id, reason=reason, actor=ACTOR, at=at, data=data)
    return True


def _why(before: Alert, after: Alert, house: House) -> Reason:
    if after.severity is not before.severity:
        code = "worsened" if before.state is AlertState.OPEN else "reopened"
        names = [
            severity_name(severity.value, house.language) for severity in (before.severity, after.severity)
        ]
        return named(code, house.language, before=names[0], after=names[1])
    if before.state is AlertState.RESOLVED:
        return named("grew_after_resolution", house.language)
    return named("grew", house.language, mentions=after.situation.mentions)
