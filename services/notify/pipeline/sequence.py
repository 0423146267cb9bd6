"""The whole pipeline at a glance."""

from __future__ import annotations

from dataclasses import dataclass

from services.contracts.values import Reason
from services.notify.domain.policy import NamedPolicy
from services.notify.pipeline.case import Case
from services.notify.pipeline.coverage import Presence, see_coverage
from services.notify.pipeline.escalation import Action, start_escalation
from services.notify.pipeline.policy import choose_policy
from services.notify.pipeline.urgency import Urgency, weigh_severity


@dataclass(frozen=True, slots=True)
class Decision:
    """What the stages concluded, with the reason of each, in their order."""

    action: Action
    presence: Presence
    urgency: Urgency
    policy: NamedPolicy | None
    reasons: tuple[Reason, ...]


def decide(case: Case) -> Decision:
    """Coverage -> severity and urgency -> policy -> escalation."""
    presence = see_coverage(case)
    weight = weigh_severity(case)
    choice = choose_policy(case)
    start = start_escalation(case, presence, weight, choice)
    return Decision(
        action=start.action,
        presence=presence,
        urgency=weight.urgency,
        policy=choice.policy,
        reasons=(presence.reason, weight.reason, *choice.reasons, start.reason),
    )
