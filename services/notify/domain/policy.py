"""An escalation policy: who is woken, in which order, how long each has to answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from services.contracts.values import Severity, Slug


class TargetKind(StrEnum):
    """What a step points at: one person, or whoever is on call on a schedule."""

    RESPONDER = "responder"
    SCHEDULE = "schedule"


class Target(BaseModel):
    """Whom a step pages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: TargetKind
    id: Slug


class Step(BaseModel):
    """One rung: wait, then page all its targets at once.

    Attributes:
        after_minutes: How long after the step before (for the first: after the start) it comes, unless somebody
            answered. 0 to a day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    after_minutes: int = Field(default=0, ge=0, le=1440)
    targets: tuple[Target, ...] = Field(min_length=1, max_length=50)

    @property
    def wait(self) -> timedelta:
        """`after_minutes` as a span."""
        return timedelta(minutes=self.after_minutes)


class Policy(BaseModel):
    """How an unanswered alert climbs.

    Attributes:
        brands: For which brands; empty means for every brand that has no policy of its own. Where several
            policies say they are for the same brands, the oldest counts.
        page_from: The lowest severity that wakes anybody: warning or critical. Info never does.
        repeats: How many more times the steps are gone through when nobody answered.
        answer_minutes: How long after the last step nobody's answer means that the round failed.
        remind_minutes: After the last round and the fallback, how often everybody is paged again; 0 for never.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    brands: tuple[Slug, ...] = Field(default=(), max_length=1000)
    page_from: Severity = Severity.WARNING
    steps: tuple[Step, ...] = Field(min_length=1, max_length=20)
    repeats: int = Field(default=1, ge=0, le=20)
    answer_minutes: int = Field(default=10, ge=1, le=1440)
    remind_minutes: int = Field(default=30, ge=0, le=1440)


class NamedPolicy(BaseModel):
    """A policy in one of its versions. A run keeps the one it started with."""

    model_config = ConfigDict(frozen=True)

    id: str
    version: int
    doc: Policy


def own_policy(policies: Iterable[NamedPolicy], brand: str) -> NamedPolicy | None:
    """The first of `policies` (the oldest comes first) that names `brand`."""
    return next((policy for policy in policies if brand in policy.doc.brands), None)


def general_policy(policies: Iterable[NamedPolicy]) -> NamedPolicy | None:
    """The first of `policies` that is for every brand without one of its own."""
    return next((policy for policy in policies if not policy.doc.brands), None)
