"""An alert begins: from a rule, from a human, or from veilleur itself; one way for all."""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from services.contracts.errors import RetryableError
from services.contracts.events import AlertRaised
from services.contracts.ids import derived
from services.contracts.values import Playbook, Reason, Severity, Situation
from services.kit.database import Transaction, translated
from services.notify.domain.alert import Alert, AlertState
from services.notify.domain.phrase import named, sentence
from services.notify.domain.run import Run
from services.notify.handlers.decide_escalation import ACTOR, follow, weigh
from services.notify.handlers.tell_fallback import tell_fallback
from services.notify.pipeline.sequence import Decision
from services.notify.settings.escalation import House
from services.notify.store.alerts import add_alert
from services.notify.store.runs import save_run
from services.notify.store.timeline import Noted, add_entries

_log = logging.getLogger(__name__)

_NOTHING_SEEN = Situation(mentions=0, authors=0, negative_share=0, reach=0, max_risk=0)


async def raise_alert(tx: Transaction, event: AlertRaised, *, at: datetime, house: House) -> bool:
    """Begin the alert that a rule raised, and decide about it; False when it is known already."""
    alert = Alert(
        id=event.alert_id,
        brand=event.brand,
        brand_name=event.brand,
        origin="rule",
        rule=event.rule,
        severity=event.severity,
        dedup_key=event.dedup_key,
        headline=event.headline,
        state=AlertState.OPEN,
        off_hours=False,
        began_at=event.began_at,
        raised_at=event.raised_at,
        situation=event.situation,
        mentions=event.mentions,
        playbook=event.playbook,
        policy=event.policy,
        reasons=event.reasons,
    )
    why = named("raised_by_rule", house.language, rule=event.rule.name or event.rule.id)
    noted: list[Noted] = [(why, {"rule": event.rule.id, "rule_version": event.rule.version})]
    noted += [(reason, {}) for reason in event.reasons]
    return await _begin(tx, alert, noted, actor=ACTOR, at=at, house=house)


async def raise_by_hand(
    tx: Transaction,
    *,
    brand: str,
    headline: str,
    severity: Severity,
    words: str,
    playbook: Playbook,
    actor: str,
    at: datetime,
    house: House,
) -> UUID:
    """Begin the alert that a human gives, and decide about it like about any other; returns its id."""
    alert_id = derived("alert-by-hand", brand, headline, actor, at.isoformat())
    why = named("raised_by_human", house.language, actor=actor)
    reasons = (Reason(code="said_by_human", text=words),) if words else ()
    alert = _own_alert(alert_id, brand, headline, severity=severity, at=at, reasons=reasons).model_copy(
        update={"origin": "human", "playbook": playbook}
    )
    await _begin(
        tx, alert, [(why, {}), *((reason, {}) for reason in reasons)], actor=actor, at=at, house=house
    )
    return alert_id


async def raise_unreadable(
    tx: Transaction, *, brand: str, cause: UUID, error: str, at: datetime, house: House
) -> bool:
    """Say that an alert could not be read, and tell the fallback at once, whether the team is there or not.

    `cause` is the id of the dead letter, so that the same failure is one alert.
    """
    why = named("alert_unreadable", house.language, error=error[:200])
    headline = sentence("unreadable_headline", house.language)
    alert = _own_alert(
        derived("alert-unreadable", cause), brand, headline, severity=Severity.CRITICAL, at=at, reasons=(why,)
    )
    decision = await _weighed(tx, alert, at=at, house=house)
    alert = alert.model_copy(update={"off_hours": decision is None or not decision.presence.on_duty})
    if not await add_alert(tx, alert):
        return False
    noted: list[Noted] = [(why, {"dead_letter": str(cause)})]
    noted += [(decision.presence.reason, {})] if decision else []
    noted.append((named("straight_to_fallback", house.language), {}))
    await add_entries(tx, alert_id=alert.id, noted=noted, actor=ACTOR, at=at)
    await tell_fallback(tx, alert_id=alert.id, why=why, at=at, house=house)
    # From here on it is like any other that the fallback was told of: everybody is reminded until somebody answers.
    policy = decision.policy if decision else None
    await save_run(tx, Run.new(alert.id).model_copy(update={"policy": policy}).exhausted(at))
    return True


async def _weighed(tx: Transaction, alert: Alert, *, at: datetime, house: House) -> Decision | None:
    """The decision, or None: what made the message impossible may be the pipeline itself, and somebody must be told."""
    try:
        with translated():
            async with tx.begin_nested():
                return await weigh(tx, alert, at=at, house=house)
    except RetryableError:
        raise
    except Exception:  # noqa: BLE001 - told in full, here and on the timeline
        _log.exception("Nothing can be decided about alert %s; the fallback is told all the same", alert.id)
        return None


async def _begin(
    tx: Transaction, alert: Alert, noted: list[Noted], *, actor: str, at: datetime, house: House
) -> bool:
    decision = await weigh(tx, alert, at=at, house=house)
    alert = alert.model_copy(update={"off_hours": not decision.presence.on_duty})
    if not await add_alert(tx, alert):
        return False
    await add_entries(tx, alert_id=alert.id, noted=noted, actor=actor, at=at)
    await follow(tx, alert, Run.new(alert.id), decision, at=at, house=house)
    return True


def _own_alert(
    alert_id: UUID,
    brand: str,
    headline: str,
    *,
    severity: Severity,
    at: datetime,
    reasons: tuple[Reason, ...],
) -> Alert:
    return Alert(
        id=alert_id,
        brand=brand,
        brand_name=brand,
        origin="veilleur",
        severity=severity,
        dedup_key=str(alert_id),
        headline=headline,
        state=AlertState.OPEN,
        off_hours=False,
        began_at=at,
        raised_at=at,
        situation=_NOTHING_SEEN,
        reasons=reasons,
    )
