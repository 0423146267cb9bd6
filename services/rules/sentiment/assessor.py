"""The first assessor: words, marks and emoji, in French and English. Honest, fast, and explains every point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from services.contracts.events import MentionFound
from services.rules.domain.assessment import Assessment
from services.rules.sentiment.language import languages_of
from services.rules.sentiment.phrases import text_of
from services.rules.sentiment.risk import dangers_of, risk_of
from services.rules.sentiment.tone import tone_of


class LexiconAssessor:
    """Assesses by hand-written lexicons; knows other languages by name only, and says so by its confidence.

    Args:
        tongue: Of the reasons.
    """

    model = "lexicon-1"

    def __init__(self, tongue: Literal["fr", "en"]) -> None:
        self._tongue = tongue

    def assess(self, mentions: Sequence[MentionFound]) -> list[Assessment]:
        """One assessment a mention, in the same order."""
        texts = [f"{each.title}\n{each.text}" if each.title else each.text for each in mentions]
        languages = languages_of(texts, [each.language for each in mentions])
        return [self._assess(*each) for each in zip(mentions, texts, languages, strict=True)]

    def _assess(self, mention: MentionFound, raw: str, language: str) -> Assessment:
        text = text_of(raw)
        found = dangers_of(text)
        tone = tone_of(text, language, dangers=sum(danger.points > 0 for danger in found))
        risk = risk_of(mention, text, found, tone, self._tongue)
        return Assessment(
            language=language,
            sentiment=tone.sentiment,
            confidence=tone.confidence,
            risk=risk.score,
            topics=risk.topics,
            reasons=risk.reasons,
            model=self.model,
        )
