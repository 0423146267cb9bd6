"""What the pipeline decides, case by case, and the reasons it gives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.contracts.coverage import CoverageSpec
from services.contracts.errors import Fault, InvalidError
from services.contracts.values import Severity
from services.coverage.calendar import Calendar
from services.notify.domain.policy import NamedPolicy, Policy
from services.notify.pipeline.case import Case
from services.notify.pipeline.escalation import Action
from services.notify.pipeline.sequence import decide
from services.notify.pipeline.urgency import Urgency

OFFICE = CoverageSpec.model_validate(
    {"brand": "lumen", "windows": [{"days": [1, 2, 3, 4, 5], "start": "09:00", "end": "18:00"}]}
)
STEPS = [{"targets": [{"kind": "responder", "id": "alice"}]}]


def policy(identifier: str, *, brands: tuple[str, ...] = (), page_from: str = "warning") -> NamedPolicy:
    doc = {"name": identifier.title(), "brands": brands, "page_from": page_from, "steps": STEPS}
    return NamedPolicy(id=identifier, version=3, doc=Policy.model_validate(doc))


GENERAL = policy("general")
LATER_GENERAL = policy("later")
OWN = policy("own", brands=("other", "lumen"))
FOREIGN = policy("foreign", brands=("other",))
STRICT = policy("strict", page_from="critical")


@dataclass
class Example:
    name: str
    action: Action
    reasons: tuple[str, ...]
    moment: str = "2026-03-07 23:10"  # a Saturday night
    severity: Severity = Severity.CRITICAL
    asked: str | None = None
    calendar: Calendar | InvalidError | None = None
    policies: tuple[NamedPolicy, ...] = (GENERAL,)
    chosen: str | None = "general"


TEAM = Calendar(OFFICE)
ALWAYS = Calendar(
    CoverageSpec.model_validate(
        {
            "brand": "lumen",
            "holiday_country": None,
            "windows": [{"days": [1, 2, 3, 4, 5, 6, 7], "start": "00:00", "end": "00:00"}],
        }
    )
)
GONE = InvalidError(Fault("zone", "'Europe/Atlantis' is no zone.", "Write an IANA zone."))
AT_DESK = "2026-03-04 11:00"
EXAMPLES = [
    Example(
        "a critical alert on a Saturday night wakes on-call",
        Action.ESCALATE,
        ("off_hours", "urgency_high", "policy_by_default", "escalation_started"),
        calendar=TEAM,
    ),
    Example(
        "on duty it waits for the team",
        Action.HOLD,
        ("on_duty", "urgency_high", "policy_by_default", "held_for_team"),
        moment=AT_DESK,
        calendar=TEAM,
    ),
    Example(
        "on a holiday nobody is there",
        Action.ESCALATE,
        ("off_hours", "urgency_normal", "policy_by_default", "escalation_started"),
        moment="2026-07-14 11:00",
        severity=Severity.WARNING,
        calendar=TEAM,
    ),
    Example(
        "info wakes nobody",
        Action.LEAVE,
        ("off_hours", "urgency_low", "policy_by_default", "held_for_handover"),
        severity=Severity.INFO,
        calendar=TEAM,
    ),
    Example(
        "info does not wait for the team to leave either",
        Action.LEAVE,
        ("on_duty", "urgency_low", "policy_by_default", "held_for_handover"),
        moment=AT_DESK,
        severity=Severity.INFO,
        calendar=TEAM,
    ),
    Example(
        "a warning is below a policy for critical alerts",
        Action.LEAVE,
        ("off_hours", "urgency_normal", "policy_by_default", "held_for_handover"),
        severity=Severity.WARNING,
        calendar=TEAM,
        policies=(STRICT,),
        chosen="strict",
    ),
    Example(
        "a brand without coverage is never on duty",
        Action.ESCALATE,
        ("no_coverage", "urgency_high", "policy_by_default", "escalation_started"),
        moment=AT_DESK,
    ),
    Example(
        "a coverage that cannot be computed any more wakes somebody, and says so",
        Action.ESCALATE,
        ("coverage_unreadable", "urgency_high", "policy_by_default", "escalation_started"),
        moment=AT_DESK,
        calendar=GONE,
    ),
    Example(
        "a team that never leaves is paged, because its window's end never comes",
        Action.ESCALATE,
        ("on_duty", "urgency_high", "policy_by_default", "duty_without_end"),
        moment=AT_DESK,
        calendar=ALWAYS,
    ),
    Example(
        "the rule's own policy comes first",
        Action.ESCALATE,
        ("off_hours", "urgency_high", "policy_of_rule", "escalation_started"),
        asked="foreign",
        calendar=TEAM,
        policies=(GENERAL, OWN, FOREIGN),
        chosen="foreign",
    ),
    Example(
        "then the brand's",
        Action.ESCALATE,
        ("off_hours", "urgency_high", "policy_of_brand", "escalation_started"),
        calendar=TEAM,
        policies=(GENERAL, FOREIGN, OWN),
        chosen="own",
    ),
    Example(
        "of two general ones the oldest",
        Action.ESCALATE,
        ("off_hours", "urgency_high", "policy_by_default", "escalation_started"),
        calendar=TEAM,
        policies=(FOREIGN, GENERAL, LATER_GENERAL),
    ),
    Example(
        "a policy that is gone is said, and the search goes on",
        Action.ESCALATE,
        ("off_hours", "urgency_high", "policy_unknown", "policy_by_default", "escalation_started"),
        asked="gone",
        calendar=TEAM,
    ),
    Example(
        "without any policy the fallback is told",
        Action.FALL_BACK,
        ("off_hours", "urgency_high", "no_policy", "straight_to_fallback"),
        calendar=TEAM,
        policies=(FOREIGN,),
        chosen=None,
    ),
    Example(
        "without any policy the team is still waited for",
        Action.HOLD,
        ("on_duty", "urgency_high", "no_policy", "held_for_team"),
        moment=AT_DESK,
        calendar=TEAM,
        policies=(),
        chosen=None,
    ),
    Example(
        "without any policy info still wakes nobody",
        Action.LEAVE,
        ("off_hours", "urgency_low", "no_policy", "held_for_handover"),
        severity=Severity.INFO,
        calendar=TEAM,
        policies=(),
        chosen=None,
    ),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_decisions(example: Example) -> None:
    decision = decide(case(example))
    assert decision.action is example.action
    assert tuple(reason.code for reason in decision.reasons) == example.reasons
    assert (decision.policy.id if decision.policy else None) == example.chosen


def case(example: Example) -> Case:
    at = datetime.fromisoformat(example.moment).replace(tzinfo=ZoneInfo("Europe/Paris")).astimezone(UTC)
    return Case(
        brand="lumen",
        severity=example.severity,
        asked_policy=example.asked,
        calendar=example.calendar,
        policies=example.policies,
        at=at,
        language="fr",
    )


def test_reasons_are_sentences_in_both_languages() -> None:
    french = case(EXAMPLES[0])
    english = Case(
        french.brand, french.severity, None, Calendar(OFFICE, "en"), french.policies, french.at, "en"
    )
    assert decide(french).reasons[0].text == "hors présence : samedi"
    assert decide(english).reasons[0].text == "off hours: Saturday"


def test_a_held_decision_says_until_when() -> None:
    decision = decide(case(EXAMPLES[1]))
    assert decision.presence.until == datetime(2026, 3, 4, 17, tzinfo=UTC)
    assert decision.urgency is Urgency.HIGH
