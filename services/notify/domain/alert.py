"""An alert: one situation, from open to a verdict."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal
from uuid import UUID

from services.contracts.errors import ConflictError
from services.contracts.values import (
    EvidenceMention,
    Instant,
    Playbook,
    Reason,
    Reference,
    Severity,
    Situation,
    Value,
)


class AlertState(StrEnum):
    """Where an alert is in its life. `snoozed` is kept in the vocabulary; nothing leads there yet."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Verdict(StrEnum):
    """What it turned out to be."""

    REAL = "real"
    FALSE_ALARM = "false_alarm"


_UNANSWERED: dict[str, object] = {
    "state": AlertState.OPEN,
    **dict.fromkeys(("acknowledged_by", "acknowledged_at", "resolved_by", "resolved_at", "verdict", "note")),
}


class Alert(Value):
    """One situation and what became of it.

    Attributes:
        brand_name: For people; the brand's id while ingest has not said its name.
        origin: Who raised it: a rule, a human, or veilleur itself.
        rule: The rule that fired, None for the other origins.
        off_hours: Whether the team was away when it was raised.
        began_at: Event time of the first mention of the situation.
        raised_at: Business time of the decision to raise it.
        grown_at: When it last grew; None if it never did.
        growth: The number of the last growth, 0 if it never grew.
        subsided_at: When the situation was over by itself; None while it lasts.
        policy: The escalation policy asked for, None for the brand's own.
    """

    id: UUID
    brand: str
    brand_name: str
    origin: Literal["rule", "human", "veilleur"]
    rule: Reference | None = None
    severity: Severity
    dedup_key: str
    headline: str
    state: AlertState
    off_hours: bool
    began_at: Instant
    raised_at: Instant
    grown_at: Instant | None = None
    growth: int = 0
    subsided_at: Instant | None = None
    situation: Situation
    mentions: tuple[EvidenceMention, ...] = ()
    playbook: Playbook = Playbook()
    policy: str | None = None
    reasons: tuple[Reason, ...] = ()
    acknowledged_at: Instant | None = None
    acknowledged_by: str | None = None
    resolved_at: Instant | None = None
    resolved_by: str | None = None
    verdict: Verdict | None = None
    note: str | None = None

    @property
    def unanswered(self) -> bool:
        """True while somebody may still have to be woken for it."""
        return self.state is AlertState.OPEN

    def acknowledged(self, *, by: str, at: Instant) -> Alert:
        """This alert, taken by `by`; unchanged when somebody took or resolved it before."""
        if self.state is not AlertState.OPEN:
            return self
        return self._with(state=AlertState.ACKNOWLEDGED, acknowledged_by=by, acknowledged_at=at)

    def resolved(self, *, by: str, at: Instant, verdict: Verdict, note: str | None) -> Alert:
        """This alert, over, with its verdict.

        Raises:
            ConflictError: It has a verdict already.
        """
        if self.state is AlertState.RESOLVED:
            raise ConflictError(f"This alert was resolved by {self.resolved_by} as {self.verdict}.")
        return self._with(
            state=AlertState.RESOLVED, resolved_by=by, resolved_at=at, verdict=verdict, note=note
        )

    def grown(
        self,
        *,
        step: int,
        severity: Severity,
        headline: str,
        at: Instant,
        situation: Situation,
        mentions: tuple[EvidenceMention, ...],
    ) -> Alert:
        """This alert after its situation grew; unchanged when a later growth is known already.

        The severity never falls back: what was critical stays critical until somebody looked. A higher severity
        makes an answered alert unanswered again, because what somebody took or judged was something smaller.
        """
        if step <= self.growth:
            return self
        worse = severity.rank > self.severity.rank
        alert = self._with(
            growth=step,
            grown_at=at,
            headline=headline,
            situation=situation,
            mentions=mentions or self.mentions,
            severity=severity if worse else self.severity,
            subsided_at=None,
        )
        if worse and self.state is not AlertState.OPEN:
            return alert.model_copy(update=_UNANSWERED)
        return alert

    def subsided(self, *, at: Instant, situation: Situation) -> Alert:
        """This alert after its situation calmed down by itself: an all-clear, not a resolution."""
        return self._with(subsided_at=at, situation=situation)

    def _with(self, **changes: object) -> Alert:
        return self.model_copy(update=changes)
