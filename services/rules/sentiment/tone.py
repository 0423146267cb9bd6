"""The tone of a text: worths of words added up, turned round by negation, strengthened, and doubted where praise mocks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from types import ModuleType
from typing import Literal

from services.contracts.values import Sentiment
from services.rules.sentiment import emoji, english, french
from services.rules.sentiment.phrases import Found, PhraseBook, Shelf, Text, listed

# Figures set by hand on the sentences of the test tables; the model's name changes with them.
THRESHOLD = 0.7  # between neutral and either tone
_NEGATED_PRAISE = -0.75  # "pas satisfait" is a little less than "insatisfait"
_NEGATED_BLAME = -0.35  # "pas mauvais" is faint praise
_LOUD, _STRONG, _WEAK = 1.25, 1.4, 0.6
_BEFORE_TURN, _AFTER_TURN = 0.6, 1.2  # "bon, mais cher": what follows is what is meant
_EXCLAMATION = 0.08
_GRIEVANCE = 0.8  # what a grievance ("attends", "panne") weighs as evidence that praise is mockery
_MOCKED = -0.8
_ADDRESSED = 1.5  # praise of at most this is said to somebody ("bravo", "merci") and mocks across sentences
_DANGER = -1.0  # worth of each kind of danger
_REACH = 4  # tokens that a negation reaches over

Kind = Literal["negator", "late_negator", "ne", "stronger", "weaker", "turn"]


@dataclass(frozen=True, slots=True)
class Worth:
    """What a phrase is worth, and whether it is praise that is often mockery."""

    value: float
    ironic: bool = False


@dataclass(frozen=True, slots=True)
class Tone:
    """The tone of a text.

    Attributes:
        sentiment: By `total` against the threshold.
        confidence: 0.5 to 1 by the margin over the threshold, less where praise and blame are mixed; 0.2 for a
            language without a lexicon.
        total: Worths added up; about -4 is as bad as one very bad word said loudly.
        ironic: Whether praise was read as mockery.
    """

    sentiment: Sentiment
    confidence: float
    total: float
    ironic: bool


class Lexicon:
    """The words of one or more languages.

    Args:
        modules: `french`, `english`; the first wins where both know a word.
    """

    def __init__(self, *modules: ModuleType) -> None:
        last_wins = list(reversed(modules))
        worth = PhraseBook(entry for module in last_wins for entry in _worths(module))
        grievances = PhraseBook((p, 1.0) for module in last_wins for p in listed(module.GRIEVANCES))
        self._shelf = Shelf(worth, grievances, *(_cues(modules, name) for name in _CUES.values()))

    def find(
        self, text: Text
    ) -> tuple[list[Found[Worth]], list[Found[float]], dict[Kind, list[Found[bool]]]]:
        """The worths, the grievances and the cues in `text`."""
        worths, grievances, *cues = self._shelf.find(text)
        return worths, grievances, dict(zip(_CUES, cues, strict=True))


_CUES: dict[Kind, str] = {
    "negator": "NEGATORS",
    "late_negator": "AFTER_NEGATORS",
    "ne": "NE",
    "stronger": "STRONGER",
    "weaker": "WEAKER",
    "turn": "TURNS",
}


def _worths(module: ModuleType) -> Iterator[tuple[str, Worth]]:
    for value, block in module.WORTH.items():
        yield from ((phrase, Worth(value)) for phrase in listed(block))
    for value, block in module.IRONIC.items():
        yield from ((phrase, Worth(value, ironic=True)) for phrase in listed(block))


def _cues(modules: Sequence[ModuleType], name: str) -> PhraseBook[bool]:
    return PhraseBook((phrase, True) for module in modules for phrase in listed(getattr(module, name)))


@cache
def lexicon_for(language: str) -> Lexicon | None:
    """The words to use for a language; both lexicons where it could not be told; None where there is none."""
    match language:
        case "fr":
            return Lexicon(french)
        case "en":
            return Lexicon(english)
        case "und":
            return Lexicon(french, english)
        case _:
            return None


@dataclass(slots=True)
class _Hit:
    start: int
    stop: int
    value: float
    ironic: bool


class _Reading:
    """One text being read with one lexicon."""

    def __init__(self, text: Text, lexicon: Lexicon) -> None:
        self.text = text
        self.tokens = text.tokens
        self.hits: list[_Hit] = []
        self.ironic = False
        found, grievances, cues = lexicon.find(text)
        if not found:
            return  # cues and grievances change worths, and are worth nothing by themselves
        inside = {index for hit in found for index in range(hit.start, hit.stop)}
        self.starts = {hit.start for hit in found}
        # The last token of a cue is what stands next to the word it changes; part of a worth is no cue ("pas mal").
        self.cues: dict[Kind, set[int]] = {
            kind: {hit.stop - 1 for hit in hits if hit.start not in inside} for kind, hits in cues.items()
        }
        self.turn = max(self.cues["turn"], default=-1)
        self.hits = [self._weigh(hit) for hit in found]
        self.grievances = [hit.start for hit in grievances]
        self._doubt()

    @cached_property
    def sentences(self) -> list[int]:
        """The number of the sentence of each token."""
        numbers, number = [], 0
        for token in self.tokens:
            numbers.append(number)
            if token.kind == "dots" or (token.kind == "mark" and token.text[0] in ".!?\n"):
                number += 1
        return numbers

    def _weigh(self, hit: Found[Worth]) -> _Hit:
        start, stop, worth = hit
        value = worth.value
        if self._negated(start, stop):
            value *= _NEGATED_PRAISE if value > 0 else _NEGATED_BLAME
        stronger, weaker = self.cues["stronger"], self.cues["weaker"]
        if start - 1 in stronger or start - 2 in stronger:
            value *= _STRONG
        if start - 1 in weaker or start - 2 in weaker:
            value *= _WEAK
        if self.text.loud and any(token.loud for token in self.tokens[start:stop]):
            value *= _LOUD
        if self.turn >= 0:
            value *= _BEFORE_TURN if start < self.turn else _AFTER_TURN
        return _Hit(start, stop, value, worth.ironic)

    def _negated(self, start: int, stop: int) -> bool:
        ne, late = self.cues["ne"], self.cues["late_negator"]
        if not late and not self.cues["negator"]:
            return False
        for index in range(start - 1, max(start - 1 - _REACH, -1), -1):
            if self.tokens[index].kind == "mark" or index in self.cues["turn"]:
                break
            if index in self.cues["negator"]:
                return True
            # "plus" and "rien" negate only with "ne": "n'est plus efficace", but not "plus efficace".
            if index in late and any(place in ne for place in range(max(index - 3, 0), index)):
                return True
        after = [index for index in (stop, stop + 1) if index in late and index not in self.starts]
        if any(place in ne for place in range(max(start - 2, 0), start)):
            return bool(after)
        # Spoken French leaves "ne" out: "je recommande pas".
        return stop in after and self.tokens[stop].text in {"pas", "plus"}

    def _doubt(self) -> None:
        """Turn praise that mocks: next to a grievance, before three dots, beside a rolling eye."""
        for hit in self.hits:
            if hit.ironic and hit.value > 0 and (self._mocking() or self._trails(hit) or self._belied(hit)):
                hit.value *= _MOCKED
                self.ironic = True

    def _mocking(self) -> bool:
        return not self.text.present.isdisjoint(emoji.MOCKING)

    def _trails(self, hit: _Hit) -> bool:
        return any(token.kind == "dots" for token in self.tokens[hit.stop : hit.stop + 1])

    def _belied(self, hit: _Hit) -> bool:
        """Whether more speaks against the praise than for it, on its side of a "but" and in its sentence."""
        anywhere = hit.value <= _ADDRESSED * _STRONG * _LOUD and self._addressed(hit)

        def counts(start: int) -> bool:
            same_side = (start < self.turn) == (hit.start < self.turn)
            return same_side and (anywhere or self.sentences[start] == self.sentences[hit.start])

        sincere = sum(h.value for h in self.hits if h.value > 0 and not h.ironic and counts(h.start))
        blame = -sum(h.value for h in self.hits if h.value < 0 and not h.ironic and counts(h.start))
        return blame + _GRIEVANCE * sum(counts(start) for start in self.grievances) > sincere

    def _addressed(self, hit: _Hit) -> bool:
        return self.tokens[hit.start].text in _ADDRESSES


_ADDRESSES = frozenset(
    [
        "bravo",
        "merci",
        "felicitations",
        "champion",
        "champions",
        "thanks",
        "thank",
        "congrats",
        "congratulations",
        "well",
        "kudos",
        "nice",
    ]
)


def tone_of(text: Text, language: str, *, dangers: int = 0) -> Tone:
    """The tone of `text`, with the words of `language` ("und": French and English; others: emoji only).

    Args:
        text: What was said.
        language: In what.
        dangers: How many kinds of danger it speaks of: the calmest warning is bad news for a brand.
    """
    lexicon = lexicon_for(language)
    values = [
        worth for token in text.others if token.kind == "emoji" and (worth := emoji.WORTH.get(token.text))
    ]
    values += [_DANGER] * dangers
    ironic = False
    if lexicon is not None:
        reading = _Reading(text, lexicon)
        values += [hit.value for hit in reading.hits]
        ironic = reading.ironic
    shouts = sum(token.text.count("!") for token in text.others if token.kind == "mark")
    total = sum(values) * (1 + _EXCLAMATION * min(shouts, 3))
    sentiment = Sentiment.NEUTRAL
    if abs(total) >= THRESHOLD:
        sentiment = Sentiment.POSITIVE if total > 0 else Sentiment.NEGATIVE
    known = lexicon is not None or bool(values)
    return Tone(sentiment, _confidence(values, total) if known else 0.2, total, ironic)


def _confidence(values: list[float], total: float) -> float:
    if not values:
        return 0.6  # nothing said either way: likely neutral, and likely a word that is not known
    agreement = abs(sum(values)) / sum(map(abs, values))
    margin = abs(abs(total) - THRESHOLD)
    sure = 1 - 0.5 * math.exp(-margin / 1.2)
    return round(sure * (0.6 + 0.4 * agreement) if abs(total) >= THRESHOLD else min(sure, 0.6), 3)
