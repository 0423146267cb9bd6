"""Which language a text is in, among those that may be expected."""

from __future__ import annotations

from functools import cache
from typing import Protocol, cast

from py3langid.langid import MODEL_FILE, LanguageIdentifier

EXPECTED = ("fr", "en", "es", "de", "it", "pt", "nl", "ar")
_ENOUGH = 240  # characters; more changes the answer no more, and costs
_SURE = 0.70  # probability among the expected languages; under it the source's hint decides
_CERTAIN = 0.93  # over it the text contradicts a hint (sources tag by account, not by post)
_SHORT = 3  # letters; less says nothing


class _Identifier(Protocol):
    def classify(self, text: str) -> tuple[str, float]: ...


@cache
def _identifier() -> _Identifier:
    """The model, loaded on first use in about a second; read-only, so threads may share it."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(EXPECTED))
    return cast("_Identifier", identifier)


def language_of(text: str, hint: str | None) -> str:
    """ISO 639-1, or "und": what the text says where it is sure, else the source's hint."""
    told = hint.split("-")[0].split("_")[0].lower() if hint else None
    told = told if told and len(told) == 2 and told.isalpha() else None  # noqa: PLR2004 - ISO 639-1 has two letters
    sample = text[:_ENOUGH]
    if sum(map(str.isalpha, sample)) < _SHORT:
        return told or "und"
    found, probability = _identifier().classify(sample)
    needed = _SURE if told is None or told == found else _CERTAIN
    return found if probability >= needed else told or "und"
