"""The events that cross the bus. Past tense; immutable; each carries what its readers need."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from services.contracts import topics
from services.contracts.coverage import CoverageSpec
from services.contracts.ids import derived
from services.contracts.topics import Topic
from services.contracts.values import (
    Author,
    EvidenceMention,
    Instant,
    Playbook,
    Reason,
    Reference,
    Sentiment,
    Severity,
    Situation,
    Slug,
    Value,
)


class Event(Value):
    """Something that happened to a brand. `type` and `version` name its shape on the wire."""

    type: ClassVar[str]
    version: ClassVar[int] = 1
    topic: ClassVar[Topic]

    brand: Slug

    def cause(self) -> tuple[object, ...]:
        """What makes this event this event: equal causes are the same event, said again."""
        raise NotImplementedError(type(self).__name__)

    @property
    def event_id(self) -> UUID:
        """Deterministic: derived from the event's type and cause."""
        return derived(self.type, *self.cause())

    @property
    def compaction_key(self) -> str:
        """On a compacted topic, a newer event of the same key supersedes this one."""
        return self.brand


class BrandDefined(Event):
    """Ops created or edited a brand."""

    type = "brand-defined"
    topic = topics.BRANDS
    name: str
    revision: int = Field(ge=1)

    def cause(self) -> tuple[object, ...]:
        return self.brand, self.revision


class BrandRemoved(Event):
    """Ops removed a brand; nothing more will be said of it."""

    type = "brand-removed"
    topic = topics.BRANDS
    revision: int = Field(ge=1)

    def cause(self) -> tuple[object, ...]:
        return self.brand, self.revision


class MentionFound(Event):
    """A post, article or review that matched at least one watch of the brand.

    Attributes:
        revision: Grows with edits at the source; a lower or equal one is ignored.
        watches: The watches that matched.
        source: The id of the source it came by (`api` for `POST /mentions`).
        external_id: Its id at the source.
        language: The source's hint (ISO 639-1), not a judgement.
        engagement: Reactions, shares and replies together, where known.
        published_at: As the source says; may be wrong or in the future.
        received_at: When we first saw it.
    """

    type = "mention-found"
    topic = topics.MENTIONS
    mention_id: UUID
    revision: int = Field(default=0, ge=0)
    watches: tuple[Reference, ...] = ()
    source: str
    source_kind: str
    external_id: str
    url: str | None = None
    title: str | None = None
    text: str
    language: str | None = None
    author: Author = Author()
    engagement: int | None = Field(default=None, ge=0)
    published_at: Instant
    received_at: Instant

    def cause(self) -> tuple[object, ...]:
        return self.mention_id, self.revision

    @property
    def event_time(self) -> Instant:
        """When it counts: `min(published, received)`, so that a wrong clock cannot put it in the future."""
        return min(self.published_at, self.received_at)


class SourceHealthChanged(Event):
    """A source started to fail or recovered; `brand` is the source's, or `all`."""

    type = "source-health-changed"
    topic = topics.SOURCE_HEALTH
    source: Reference
    state: Literal["healthy", "failing"]
    error: str | None = None
    at: Instant

    def cause(self) -> tuple[object, ...]:
        return self.source.id, self.state, self.at.isoformat()


class MentionAssessed(Event):
    """What rules concluded about one revision of a mention.

    Attributes:
        mention: The mention itself, so that readers need no look-up.
        language: ISO 639-1, or "und" when it could not be told.
        confidence: Of the sentiment, 0 to 1.
        risk: 0 (harmless) to 100 (dangerous).
        model: Which model said so, with its version.
    """

    type = "mention-assessed"
    topic = topics.ASSESSMENTS
    mention: MentionFound
    language: str
    sentiment: Sentiment
    confidence: float = Field(ge=0, le=1)
    risk: int = Field(ge=0, le=100)
    topics_found: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    model: str

    def cause(self) -> tuple[object, ...]:
        return self.mention.mention_id, self.mention.revision, self.model


class AlertRaised(Event):
    """A rule found a situation. One situation is one alert, whatever happens to it later.

    Attributes:
        alert_id: Derived from the rule, the deduplication key and what first made it fire.
        rule: Which rule, in which version.
        dedup_key: What makes a later hit part of this situation.
        headline: One sentence for people.
        began_at: Event time of the first mention of the situation.
        raised_at: Business time of the decision.
        mentions: The worst ones, worst first, at most 10.
        playbook: What to do.
        policy: The escalation policy that the rule asks for, or None for the brand's own.
        reasons: Why the rule fired, named.
    """

    type = "alert-raised"
    topic = topics.ALERTS
    alert_id: UUID
    rule: Reference
    severity: Severity
    dedup_key: str
    headline: str
    began_at: Instant
    raised_at: Instant
    situation: Situation
    mentions: tuple[EvidenceMention, ...] = ()
    playbook: Playbook = Playbook()
    policy: str | None = None
    reasons: tuple[Reason, ...] = ()

    def cause(self) -> tuple[object, ...]:
        return (self.alert_id,)


class AlertGrew(Event):
    """The situation of a raised alert got bigger or worse. `step` counts up from 1."""

    type = "alert-grew"
    topic = topics.ALERTS
    alert_id: UUID
    step: int = Field(ge=1)
    severity: Severity
    headline: str
    at: Instant
    situation: Situation
    mentions: tuple[EvidenceMention, ...] = ()

    def cause(self) -> tuple[object, ...]:
        return self.alert_id, self.step


class AlertSubsided(Event):
    """The situation is over: nothing more fired the rule for its quiet time. An all-clear, not a resolution."""

    type = "alert-subsided"
    topic = topics.ALERTS
    alert_id: UUID
    at: Instant
    situation: Situation

    def cause(self) -> tuple[object, ...]:
        return (self.alert_id,)


class CoverageDefined(Event):
    """Ops said when a brand's team is on duty."""

    type = "coverage-defined"
    topic = topics.COVERAGE
    revision: int = Field(ge=1)
    spec: CoverageSpec

    def cause(self) -> tuple[object, ...]:
        return self.brand, self.revision


class CoverageRemoved(Event):
    """Ops withdrew a brand's coverage; from now on every instant is off-hours."""

    type = "coverage-removed"
    topic = topics.COVERAGE
    revision: int = Field(ge=1)

    def cause(self) -> tuple[object, ...]:
        return self.brand, self.revision


class AlertEvolved(Event):
    """One entry of an alert's timeline: opened, paged, escalated, acknowledged, resolved...

    Attributes:
        sequence: The entry's number within its alert, from 1.
        reason: The named reason, and its sentence for people.
        actor: Who did it: a person, a token, or `veilleur`.
        state: The alert's state after it.
        data: Figures and ids that the reason speaks of.
    """

    type = "alert-evolved"
    topic = topics.ALERT_EVENTS
    alert_id: UUID
    sequence: int = Field(ge=1)
    at: Instant
    reason: Reason
    actor: str
    state: Literal["open", "acknowledged", "snoozed", "resolved"]
    severity: Severity
    headline: str
    data: dict[str, str | int | float | bool | None] = Field(default_factory=dict)

    def cause(self) -> tuple[object, ...]:
        return self.alert_id, self.sequence


class MessageDeadLettered(Event):
    """A consumer group met a message that it can never handle, and went on without it.

    `brand` is the message's key where that is a brand, else `unknown`.
    """

    type = "message-dead-lettered"
    topic = topics.DEAD_LETTERS
    group: str
    source_topic: str
    partition: int
    offset: int
    error: str
    value_base64: str
    failed_at: Instant

    def cause(self) -> tuple[object, ...]:
        return self.group, self.source_topic, self.partition, self.offset


ALL: tuple[type[Event], ...] = (
    BrandDefined,
    BrandRemoved,
    MentionFound,
    SourceHealthChanged,
    MentionAssessed,
    AlertRaised,
    AlertGrew,
    AlertSubsided,
    CoverageDefined,
    CoverageRemoved,
    AlertEvolved,
    MessageDeadLettered,
)
