"""What an assessor concludes about a mention, and the protocol that every model speaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.contracts.events import MentionAssessed, MentionFound
from services.contracts.values import Reason, Sentiment


@dataclass(frozen=True, slots=True)
class Assessment:
    """A judgement on one revision of a mention.

    Attributes:
        language: ISO 639-1, or "und" when it could not be told.
        sentiment: The tone.
        confidence: Of the sentiment, 0 to 1.
        risk: 0 (harmless) to 100 (dangerous).
        topics: What it is about (`product_safety`, `legal`...), sorted.
        reasons: What the risk is made of, biggest first.
        model: Which model said so, with its version.
    """

    language: str
    sentiment: Sentiment
    confidence: float
    risk: int
    topics: tuple[str, ...]
    reasons: tuple[Reason, ...]
    model: str

    def of(self, mention: MentionFound) -> MentionAssessed:
        """The event that tells others."""
        return MentionAssessed(
            brand=mention.brand,
            mention=mention,
            language=self.language,
            sentiment=self.sentiment,
            confidence=self.confidence,
            risk=self.risk,
            topics_found=self.topics,
            reasons=self.reasons,
            model=self.model,
        )


class Assessor(Protocol):
    """A model, or a chain of them. Called in a worker thread, with whole batches, so that it may vectorise."""

    @property
    def model(self) -> str:
        """Name and version, kept with every assessment; changes whenever its answers may."""
        ...

    def assess(self, mentions: Sequence[MentionFound]) -> list[Assessment]:
        """One assessment a mention, in the same order. Must not raise for any text."""
        ...
