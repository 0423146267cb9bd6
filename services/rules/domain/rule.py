"""A rule as ops write it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from services.contracts.values import Playbook, Severity, Slug

EXPRESSION_LIMIT = 2000
"""Characters of one expression: ten times the longest that anyone needs, and quick to compile."""


class Rule(BaseModel):
    """A condition over each mention, or over a sliding window of them, that raises an alert.

    Attributes:
        name: For people; part of headlines and pages.
        brand: The brand it watches; None means every brand.
        severity: Of the alerts it raises.
        when: CEL expression of type BOOL over the variables of a mention or of a window.
        critical_when: CEL expression of type BOOL; where `when` holds and it does too, the alert is critical.
        window_minutes: Length of the window in event time; None looks at each mention on its own.
        dedup_key: CEL expression of type STRING; hits of one brand with equal keys are one situation.
        quiet_minutes: A situation without a hit for so long is over.
        playbook: What to do, inside the page itself.
        policy: The escalation policy to use; None is the brand's own.
        enabled: Whether it is looked at.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    brand: Slug | None = None
    severity: Severity
    when: str = Field(min_length=1, max_length=EXPRESSION_LIMIT, examples=["risk >= 80"])
    critical_when: str | None = Field(default=None, min_length=1, max_length=EXPRESSION_LIMIT)
    window_minutes: int | None = Field(default=None, ge=1, le=1440)
    dedup_key: str = Field(default="brand", min_length=1, max_length=EXPRESSION_LIMIT)
    quiet_minutes: int = Field(default=60, ge=1, le=10080)
    playbook: Playbook = Playbook()
    policy: Slug | None = None
    enabled: bool = True

    def watches(self, brand: str) -> bool:
        """Whether it is to be looked at for `brand`."""
        return self.enabled and self.brand in (None, brand)
