"""Stage: how urgent a severity is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.contracts.values import Reason, Severity
from services.notify.domain.phrase import named
from services.notify.pipeline.case import Case


class Urgency(StrEnum):
    """Whether it may wake somebody: `low` never does, the others do where the policy says so."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Weight:
    """How urgent, and why."""

    urgency: Urgency
    reason: Reason


_URGENCIES = {
    Severity.INFO: Urgency.LOW,
    Severity.WARNING: Urgency.NORMAL,
    Severity.CRITICAL: Urgency.HIGH,
}


def weigh_severity(case: Case) -> Weight:
    """`urgency_low`, `urgency_normal` or `urgency_high`."""
    urgency = _URGENCIES[case.severity]
    return Weight(urgency, named(f"urgency_{urgency.value}", case.language))
