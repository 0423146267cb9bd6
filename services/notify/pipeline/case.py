"""What the pipeline decides about: one alert, at one instant, with what ops wrote down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.contracts.errors import InvalidError
from services.contracts.values import Severity
from services.coverage.calendar import Calendar
from services.notify.domain.policy import NamedPolicy
from services.notify.domain.responder import Language


@dataclass(frozen=True, slots=True)
class Case:
    """The question put to every stage.

    Attributes:
        asked_policy: The policy that the rule asks for, or None.
        calendar: The brand's; None when no coverage is defined for it; the error when it cannot be computed any more.
        policies: All there are, the oldest first.
        at: The business instant of the decision.
        language: Of the reasons.
    """

    brand: str
    severity: Severity
    asked_policy: str | None
    calendar: Calendar | InvalidError | None
    policies: tuple[NamedPolicy, ...]
    at: datetime
    language: Language
