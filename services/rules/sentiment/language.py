"""Which language a text is in, among those that may be expected."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

from services.rules.sentiment.ngram import Model

EXPECTED = ("fr", "en", "es", "de", "it", "pt", "nl", "ar")
_ENOUGH = 240  # characters; more changes the answer no more, and costs
_SURE = 0.70  # probability among the expected languages; under it the source's hint decides
_CERTAIN = 0.93  # over it the text contradicts a hint (sources tag by account, not by post)
_SHORT = 3  # letters; less says nothing


@cache
def _model() -> Model:
    """Loaded on first use in about a second; read-only, so threads may share it."""
    return Model(EXPECTED)


def languages_of(texts: Sequence[str], hints: Sequence[str | None]) -> list[str]:
    """For each text ISO 639-1, or "und": what the text says where it is sure, else the source's hint."""
    samples = [text[:_ENOUGH] for text in texts]
    telling = [index for index, sample in enumerate(samples) if _says_something(sample)]
    guesses = dict(zip(telling, _model().guess([_bytes(samples[i]) for i in telling]), strict=True))
    return [_decided(guesses.get(index), _told(hint)) for index, hint in enumerate(hints)]


def _decided(guess: tuple[str, float] | None, told: str | None) -> str:
    if guess is None:
        return told or "und"
    found, probability = guess
    needed = _SURE if told is None or told == found else _CERTAIN
    return found if probability >= needed else told or "und"


def _told(hint: str | None) -> str | None:
    if not hint:
        return None
    told = hint.split("-")[0].split("_")[0].lower()
    return told if len(told) == 2 and told.isalpha() else None  # noqa: PLR2004 - ISO 639-1 has two letters


def _says_something(sample: str) -> bool:
    begins_with_a_word = len(sample) >= _SHORT and sample[:_SHORT].isalpha()
    return begins_with_a_word or sum(map(str.isalpha, sample)) >= _SHORT


def _bytes(sample: str) -> bytes:
    """As the model was trained: capitals alone mean nothing, and an accented letter is one character."""
    plain = sample.lower() if sample.isupper() else sample
    return unicodedata.normalize("NFC", plain).encode("utf-8", errors="surrogatepass")
