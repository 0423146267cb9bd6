"""What an evaluation works on: rules made ready, mentions as they arrive, what is remembered of a brand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.contracts.events import MentionFound
from services.contracts.values import Reference
from services.rules.domain.assessment import Assessment
from services.rules.domain.condition import Condition
from services.rules.domain.episode import Episode
from services.rules.domain.rule import Rule
from services.rules.domain.window import Entry, Tail, Window


@dataclass(frozen=True, slots=True)
class ReadyRule:
    """A rule in one version, compiled."""

    reference: Reference
    rule: Rule
    condition: Condition

    @property
    def id(self) -> str:
        """The rule's id."""
        return self.reference.id


@dataclass(frozen=True, slots=True)
class Arrival:
    """One revision of a mention, assessed.

    Attributes:
        mention: As found.
        assessment: What was concluded.
        event_at: When it counts: that of its first revision, so that an edit moves nothing.
        known: Whether an earlier revision was counted.
        fired: Ids of the rules that an earlier revision fired; they do not fire again for an edit.
    """

    mention: MentionFound
    assessment: Assessment
    event_at: datetime
    known: bool = False
    fired: frozenset[str] = frozenset()

    def entry(self) -> Entry:
        """What windows need of it."""
        return entry_of(self.mention, self.assessment, self.event_at)


def entry_of(mention: MentionFound, assessment: Assessment, event_at: datetime) -> Entry:
    """The window entry of a mention. An author without a name is somebody else each time."""
    # Without U+0000, which PostgreSQL does not keep: an author is the same before and after being stored.
    author = (mention.author.handle or mention.author.name or "").replace("\x00", "")
    return Entry(
        mention_id=mention.mention_id,
        event_at=event_at,
        negative=assessment.sentiment == "negative",
        author=f"{mention.source_kind}:{author.casefold()}" if author else str(mention.mention_id),
        followers=mention.author.followers or 0,
        risk=assessment.risk,
    )


@dataclass(slots=True)
class Fault:
    """A rule that could not be worked out: how often, and the last time."""

    count: int
    error: str
    mention_id: UUID


@dataclass(slots=True)
class BrandState:
    """What is remembered of a brand between arrivals.

    Attributes:
        brand: Which.
        watermark: The newest event time seen; None before the first mention.
        tail: Its recent mentions.
        episodes: Its open situations, by rule and deduplication key.
        windows: Those over the tail, by minutes, as they stand at the watermark.
        counts: What `usual` is made of.
    """

    brand: str
    watermark: datetime | None = None
    tail: Tail = field(default_factory=Tail)
    episodes: dict[tuple[str, str], Episode] = field(default_factory=dict)
    windows: dict[int, Window] = field(default_factory=dict)
    counts: dict[tuple[datetime, int], list[int]] = field(default_factory=dict)

    def stand(self, lengths: Iterable[int], end: datetime) -> None:
        """Have the windows of `lengths` minutes, and no others; new ones end at `end`."""
        self.windows = {m: self.windows.get(m) or Window(self.tail, m, end) for m in lengths}
