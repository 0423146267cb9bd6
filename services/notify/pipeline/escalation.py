"""Stage: what happens now."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.contracts.values import Reason, Severity
from services.notify.domain.phrase import named, severity_name
from services.notify.pipeline.case import Case
from services.notify.pipeline.coverage import Presence
from services.notify.pipeline.policy import Choice
from services.notify.pipeline.urgency import Urgency, Weight


class Action(StrEnum):
    """What follows from the decision.

    `hold`: wait for the team's window to end, then decide again. `leave`: nobody is woken, the handover shows it.
    `escalate`: start the policy's steps. `fall_back`: tell the fallback at once.
    """

    HOLD = "hold"
    LEAVE = "leave"
    ESCALATE = "escalate"
    FALL_BACK = "fall_back"


@dataclass(frozen=True, slots=True)
class Start:
    """What happens now, and why."""

    action: Action
    reason: Reason


def start_escalation(case: Case, presence: Presence, weight: Weight, choice: Choice) -> Start:
    """What happens now.

    Reasons: `held_for_handover` (not worth waking), `held_for_team`, `escalation_started`, `duty_without_end`,
    `straight_to_fallback`.

    Without a policy nothing says from which severity to wake: a warning then counts as enough.
    """
    threshold = Severity.WARNING if choice.policy is None else choice.policy.doc.page_from
    if weight.urgency is Urgency.LOW or case.severity.rank < threshold.rank:
        severity = severity_name(case.severity.value, case.language)
        return Start(Action.LEAVE, named("held_for_handover", case.language, severity=severity))
    if presence.must_wait:
        return Start(Action.HOLD, named("held_for_team", case.language))
    if choice.policy is None:
        return Start(Action.FALL_BACK, named("straight_to_fallback", case.language))
    code = "duty_without_end" if presence.on_duty else "escalation_started"
    return Start(Action.ESCALATE, named(code, case.language))
