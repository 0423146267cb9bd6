"""What became of each alert, told from the events alone: a fold that is the same after any restart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.contracts import topics
from services.contracts.codec import Envelope
from services.contracts.events import AlertEvolved, AlertGrew, AlertRaised
from services.contracts.values import Reason, Reference, Severity

TOPICS = (topics.ALERTS, topics.ALERT_EVENTS)
"""Where these events are said."""

_AWAY = frozenset({"off_hours", "no_coverage"})
_SENT = frozenset({"page_sent", "send_uncertain"})


@dataclass(frozen=True, slots=True)
class Sent:
    """One send of a page: who, by which channel, when."""

    responder: str
    channel: str
    at: datetime


@dataclass
class Case:
    """One alert, as it stands.

    Attributes:
        rule: The rule that raised it; None for an alarm that a human gave.
        mentions: How many the situation had at its worst.
        off_hours: Whether the team was away when it was raised; None until notify has decided about it.
        opened_at: Since when it waits for an answer: since it was raised, or since it got worse than what was answered.
        sent: Sends that left, or may have.
        answered_at: When it was acknowledged; None while it is open.
    """

    id: UUID
    rule: Reference | None = None
    severity: Severity = Severity.INFO
    headline: str = ""
    raised_at: datetime | None = None
    mentions: int = 0
    reasons: tuple[Reason, ...] = ()
    off_hours: bool | None = None
    opened_at: datetime | None = None
    state: str = "open"
    sent: list[Sent] = field(default_factory=list)
    answered_at: datetime | None = None
    answered_by: str | None = None
    resolved_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether notify knows it, and nobody has answered it yet."""
        return self.off_hours is not None and self.state == "open"


class Chronicle:
    """Every alert there was, in the order in which they were raised."""

    def __init__(self) -> None:
        self._cases: dict[UUID, Case] = {}
        self._open: set[UUID] = set()

    def note(self, envelopes: Iterable[Envelope]) -> None:
        """Take in what was said; the order between the two topics does not matter."""
        for envelope in envelopes:
            event = envelope.event
            if isinstance(event, AlertRaised):
                self._raised(event)
            elif isinstance(event, AlertGrew):
                case = self._case(event.alert_id)
                case.mentions = max(case.mentions, event.situation.mentions)
            elif isinstance(event, AlertEvolved):
                self._evolved(event)

    def cases(self) -> list[Case]:
        """The alerts, the first raised first."""
        known = [case for case in self._cases.values() if case.raised_at is not None]
        return sorted(known, key=lambda case: (case.raised_at, case.id))

    def unanswered(self) -> list[Case]:
        """The alerts that wait for somebody, in no particular order."""
        return [self._cases[alert_id] for alert_id in self._open]

    def _case(self, alert_id: UUID) -> Case:
        return self._cases.setdefault(alert_id, Case(alert_id))

    def _raised(self, event: AlertRaised) -> None:
        case = self._case(event.alert_id)
        case.rule, case.severity, case.headline = event.rule, event.severity, event.headline
        case.raised_at, case.reasons = event.raised_at, event.reasons
        case.mentions = max(case.mentions, event.situation.mentions)

    def _evolved(self, event: AlertEvolved) -> None:
        case = self._case(event.alert_id)
        case.state = event.state
        case.severity = max(case.severity, event.severity, key=lambda severity: severity.rank)
        # An alarm given by a human is not on the rules' topic: its first entry is all there is to know it by.
        case.headline = case.headline or event.headline
        case.raised_at = case.raised_at or event.at
        case.opened_at = case.opened_at or event.at
        code = event.reason.code
        if case.off_hours is None and (code in _AWAY or code == "on_duty"):
            case.off_hours = code in _AWAY
        elif code in _SENT:
            responder, channel = event.data.get("responder"), event.data.get("channel")
            case.sent.append(Sent(str(responder or "fallback"), str(channel), event.at))
        elif code == "acknowledged":
            case.answered_at, case.answered_by = event.at, event.actor
        elif code == "reopened":
            case.answered_at = case.answered_by = None
            case.opened_at = event.at
        elif case.state == "resolved" and case.resolved_at is None:
            case.resolved_at = event.at
        (self._open.add if case.open else self._open.discard)(case.id)
