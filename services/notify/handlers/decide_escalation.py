"""Put an alert through the pipeline, write down why, and do what follows."""

from __future__ import annotations

from datetime import datetime

from services.kit.database import Transaction
from services.notify.domain.alert import Alert
from services.notify.domain.run import Run
from services.notify.handlers.tell_fallback import tell_fallback
from services.notify.pipeline.case import Case
from services.notify.pipeline.escalation import Action
from services.notify.pipeline.sequence import Decision, decide
from services.notify.settings.escalation import House
from services.notify.store.coverages import decide_by_hours, find_calendar
from services.notify.store.policies import all_policies
from services.notify.store.runs import save_run
from services.notify.store.timeline import Data, add_entries

ACTOR = "veilleur"
"""Who decides, on timelines, when no human did."""


async def weigh(tx: Transaction, alert: Alert, *, at: datetime, house: House) -> Decision:
    """What the pipeline says about `alert` at `at`; nothing is changed.

    Raises:
        RetryableError: The brand's hours are being changed at this moment.
    """
    await decide_by_hours(tx, alert.brand)
    return decide(
        Case(
            brand=alert.brand,
            severity=alert.severity,
            asked_policy=alert.policy,
            calendar=await find_calendar(tx, alert.brand, house.language),
            policies=await all_policies(tx),
            at=at,
            language=house.language,
        )
    )


async def follow(
    tx: Transaction, alert: Alert, run: Run, decision: Decision, *, at: datetime, house: House
) -> Run:
    """Write the decision's reasons on the timeline, save the run that follows from it, and return that."""
    await add_entries(
        tx,
        alert_id=alert.id,
        noted=[(reason, {}) for reason in decision.reasons[:-1]]
        + [(decision.reasons[-1], _figures(decision))],
        actor=ACTOR,
        at=at,
    )
    following = _run_after(run, decision, at)
    if decision.action is Action.FALL_BACK:
        await tell_fallback(tx, alert_id=alert.id, why=decision.reasons[-2], at=at, house=house)
    await save_run(tx, following)
    return following


def _run_after(run: Run, decision: Decision, at: datetime) -> Run:
    if decision.action is Action.HOLD:
        return run.held(decision.presence.until)
    if decision.action is Action.LEAVE:
        return run.stopped()
    if decision.action is Action.ESCALATE and decision.policy is not None:
        return run.started(decision.policy, at)
    return run.exhausted(at)


def _figures(decision: Decision) -> Data:
    until, policy = decision.presence.until, decision.policy
    return {
        "action": decision.action.value,
        "urgency": decision.urgency.value,
        "on_duty": decision.presence.on_duty,
        "until": until.isoformat() if until else None,
        "policy": policy.id if policy else None,
        "policy_version": policy.version if policy else None,
    }
