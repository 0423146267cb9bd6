"""Carry out what an escalation has planned for now."""

from __future__ import annotations

from datetime import datetime

from services.kit.database import Transaction
from services.notify.domain.alert import Alert
from services.notify.domain.phrase import named
from services.notify.domain.run import Phase, Run
from services.notify.handlers.decide_escalation import ACTOR, follow, weigh
from services.notify.handlers.page_targets import page_targets
from services.notify.handlers.tell_fallback import tell_fallback
from services.notify.settings.escalation import House
from services.notify.store.runs import save_run
from services.notify.store.timeline import Noted, add_entries, add_entry


async def run_due(tx: Transaction, alert: Alert, run: Run, *, at: datetime, house: House) -> Run:
    """What is due of `run`, unless the team is there now: then it waits until the team has left.

    A run keeps its policy as it was, so an edit changes nothing on its way; one without a policy takes the first there is.

    The caller holds the locks of the alert, which is open, and of the run.
    """
    decision = await weigh(tx, alert, at=at, house=house)
    if run.phase is Phase.HELD or (run.policy is None and decision.policy is not None):
        return await follow(tx, alert, run, decision, at=at, house=house)
    if decision.presence.must_wait:
        why = (decision.presence.reason, named("held_for_team", house.language))
        until = decision.presence.until
        noted: list[Noted] = [(reason, {"until": until.isoformat() if until else None}) for reason in why]
        await add_entries(tx, alert_id=alert.id, noted=noted, actor=ACTOR, at=at)
        held = run.held(until)
        await save_run(tx, held)
        return held
    return await run_step(tx, alert, run, at=at, house=house)


async def run_step(tx: Transaction, alert: Alert, run: Run, *, at: datetime, house: House) -> Run:
    """The next step of `run`: page its targets, give up to the fallback, or remind; returns the run after it."""
    if run.phase is Phase.EXHAUSTED:
        after = await _remind(tx, alert, run, at=at, house=house)
    elif run.current is None:
        after = await _give_up(tx, alert, run, at=at, house=house)
    else:
        after = await _page(tx, alert, run, at=at, house=house)
    await save_run(tx, after)
    return after


async def _page(tx: Transaction, alert: Alert, run: Run, *, at: datetime, house: House) -> Run:
    assert run.current is not None
    started = named("step_started", house.language, round=run.round + 1, step=run.step + 1)
    place = {"round": run.round, "step": run.step}
    await add_entry(tx, alert_id=alert.id, reason=started, actor=ACTOR, at=at, data=place)
    reached = await page_targets(
        tx, run.current.targets, alert_id=alert.id, round=run.round, step=run.step, at=at, house=house
    )
    if not reached:
        await _nobody(tx, alert, run, at=at, house=house)
    return run.stepped(at, reached=reached > 0)


async def _nobody(tx: Transaction, alert: Alert, run: Run, *, at: datetime, house: House) -> None:
    why = named("nobody_reached", house.language)
    place = {"round": run.round, "step": run.step}
    await add_entry(tx, alert_id=alert.id, reason=why, actor=ACTOR, at=at, data=place)
    await tell_fallback(tx, alert_id=alert.id, why=why, at=at, house=house)


async def _give_up(tx: Transaction, alert: Alert, run: Run, *, at: datetime, house: House) -> Run:
    rounds = 1 if run.policy is None else run.policy.doc.repeats + 1
    why = named("exhausted", house.language, rounds=rounds)
    await add_entry(tx, alert_id=alert.id, reason=why, actor=ACTOR, at=at, data={"rounds": rounds})
    await tell_fallback(tx, alert_id=alert.id, why=why, at=at, house=house)
    return run.exhausted(at)


async def _remind(tx: Transaction, alert: Alert, run: Run, *, at: datetime, house: House) -> Run:
    """Page everybody the policy knows at once; the fallback where that is nobody."""
    why = named("reminder", house.language)
    await add_entry(tx, alert_id=alert.id, reason=why, actor=ACTOR, at=at, data={"round": run.round})
    targets = (
        [] if run.policy is None else [target for step in run.policy.doc.steps for target in step.targets]
    )
    reached = 0
    if targets:
        reached = await page_targets(
            tx, targets, alert_id=alert.id, round=run.round, step=0, at=at, house=house
        )
    if not reached:
        await tell_fallback(tx, alert_id=alert.id, why=why, at=at, house=house)
    return run.exhausted(at)
