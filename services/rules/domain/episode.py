"""An episode: one open situation of a rule, from the hit that raised it until it has been quiet for long enough."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from services.contracts.events import AlertGrew, AlertRaised, AlertSubsided
from services.contracts.values import EvidenceMention, Playbook, Reason, Reference, Severity, Situation

LATENESS = timedelta(minutes=10)
"""How far behind the newest event time a mention may arrive and still count as on time."""

RISK_STEP = 20
"""Growth is told when the highest risk enters another fifth of the scale (60, 80...)."""

EVIDENCE = 10
"""Mentions an alert shows."""

_AUTHORS = (
    5000  # kept to tell them apart; beyond it a situation is enormous and its author count only a floor
)


@dataclass(slots=True)
class Episode:
    """What is remembered of a situation while it is open.

    Attributes:
        alert_id: Its alert.
        rule: The rule, in the version that raised it.
        brand: Whose.
        dedup_key: What makes a later hit part of it.
        severity: Highest so far; never goes down.
        window_minutes: Of the rule; 0 for a rule on single mentions.
        quiet_minutes: Of the rule, when it was raised.
        began_at: Event time of its first mention.
        raised_at: Business time of the decision.
        last_hit_at: Event time of the last hit.
        seen_at: Business time at which the last hit was seen.
        step: Times it grew.
        step_mentions: Mentions when it was raised or last grew.
        step_risk: Highest risk at that time.
        mentions: So far, or in the rule's window at the last hit. Likewise `negative`, `reach`, `max_risk`.
        authors: How many distinct ones.
        usual: Mentions usual in such a window, or None.
        followers: For single-mention rules: author to followers, to tell authors apart.
        worst: (risk, mention id) of the mentions to show, worst first.
    """

    alert_id: UUID
    rule: Reference
    brand: str
    dedup_key: str
    severity: Severity
    window_minutes: int
    quiet_minutes: int
    began_at: datetime
    raised_at: datetime
    last_hit_at: datetime
    seen_at: datetime
    step: int = 0
    step_mentions: int = 0
    step_risk: int = 0
    mentions: int = 0
    negative: int = 0
    authors: int = 0
    reach: int = 0
    max_risk: int = 0
    usual: float | None = None
    followers: dict[str, int] = field(default_factory=dict)
    worst: list[tuple[int, UUID]] = field(default_factory=list)

    @property
    def patience(self) -> timedelta:
        """How long without a hit ends it: its quiet time, and ten minutes for what arrives late."""
        return timedelta(minutes=self.quiet_minutes) + LATENESS

    @property
    def closes_at(self) -> datetime:
        """The business instant at which it subsides if nothing more is seen."""
        return max(self.last_hit_at, self.seen_at) + self.patience

    def ended_before(self, instant: datetime) -> bool:
        """Whether it had been quiet for long enough, in event time, when a hit came at `instant`."""
        return instant - self.last_hit_at > self.patience

    def touch(self, hit_at: datetime, now: datetime) -> None:
        """Note a hit of event time `hit_at`, seen `now`."""
        self.last_hit_at = max(self.last_hit_at, hit_at)
        self.seen_at = max(self.seen_at, now)

    def count(self, *, mention_id: UUID, author: str, followers: int, negative: bool, risk: int) -> None:
        """Add one mention: for rules on single mentions."""
        self.mentions += 1
        self.negative += negative
        self.max_risk = max(self.max_risk, risk)
        if author in self.followers or len(self.followers) < _AUTHORS:
            self.followers[author] = max(followers, self.followers.get(author, 0))
        self.authors = len(self.followers)
        self.reach = sum(self.followers.values())
        self.worst.append((risk, mention_id))
        self.worst = sorted(self.worst, key=lambda item: -item[0])[:EVIDENCE]

    def grows(self, severity: Severity) -> bool:
        """Whether it got a step bigger or worse: twice the mentions, another risk step, a higher severity."""
        riskier = self.max_risk // RISK_STEP > self.step_risk // RISK_STEP
        return (
            severity.rank > self.severity.rank or riskier or self.mentions >= 2 * max(self.step_mentions, 1)
        )

    def grow(self, severity: Severity) -> None:
        """Take the step that `grows` tells of."""
        self.severity = max(self.severity, severity, key=lambda each: each.rank)
        self.step += 1
        self.mark()

    def mark(self) -> None:
        """Remember how big it is, to tell the next step from here."""
        self.step_mentions, self.step_risk = self.mentions, self.max_risk

    def situation(self) -> Situation:
        """As an event says it."""
        return Situation(
            mentions=self.mentions,
            authors=self.authors,
            negative_share=round(self.negative / self.mentions, 4) if self.mentions else 0.0,
            reach=self.reach,
            max_risk=self.max_risk,
            usual=self.usual,
            window_minutes=self.window_minutes,
        )

    def subsided(self, at: datetime) -> AlertSubsided:
        """The all-clear, decided at `at`."""
        return AlertSubsided(brand=self.brand, alert_id=self.alert_id, at=at, situation=self.situation())


@dataclass(frozen=True, slots=True)
class Raised:
    """A draft of `AlertRaised`, without the text of its mentions."""

    episode_id: UUID
    event: AlertRaised
    evidence: tuple[UUID, ...]

    def with_mentions(self, mentions: tuple[EvidenceMention, ...]) -> AlertRaised:
        """The event to publish."""
        return self.event.model_copy(update={"mentions": mentions})


@dataclass(frozen=True, slots=True)
class Grew:
    """A draft of `AlertGrew`, without the text of its mentions."""

    episode_id: UUID
    event: AlertGrew
    evidence: tuple[UUID, ...]

    def with_mentions(self, mentions: tuple[EvidenceMention, ...]) -> AlertGrew:
        """The event to publish."""
        return self.event.model_copy(update={"mentions": mentions})


Signal = Raised | Grew | AlertSubsided
"""What an evaluation decided, in order."""


def raised(
    episode: Episode, *, headline: str, playbook: Playbook, policy: str | None, reasons: tuple[Reason, ...]
) -> Raised:
    """The draft that opens `episode`."""
    event = AlertRaised(
        brand=episode.brand,
        alert_id=episode.alert_id,
        rule=episode.rule,
        severity=episode.severity,
        dedup_key=episode.dedup_key,
        headline=headline,
        began_at=episode.began_at,
        raised_at=episode.raised_at,
        situation=episode.situation(),
        playbook=playbook,
        policy=policy,
        reasons=reasons,
    )
    return Raised(episode.alert_id, event, tuple(mention_id for _, mention_id in episode.worst))


def grew(episode: Episode, *, headline: str, at: datetime) -> Grew:
    """The draft that tells of a step of `episode`."""
    event = AlertGrew(
        brand=episode.brand,
        alert_id=episode.alert_id,
        step=episode.step,
        severity=episode.severity,
        headline=headline,
        at=at,
        situation=episode.situation(),
    )
    return Grew(episode.alert_id, event, tuple(mention_id for _, mention_id in episode.worst))
