"""Words and phrases with what they stand for, found in one pass over a text's tokens."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

# A word keeps its accents until it is folded; emoji and strings of dots or marks are tokens of their own.
_TOKEN = re.compile(
    r"(?P<skip>https?://\S+|@\w+)|(?P<word>[^\W_]+n['\u2019]t\b|[^\W_]+)|(?P<dots>\.{2,}|…)|(?P<mark>[.!?;:,\n]+)"
    r"|(?P<emoji>[\U0001F300-\U0001FAFF\u2600-\u27BF]|:-?[()/]|<3)"
)
_DRAWN = re.compile(r"([^\W\d_])\1{2,}")
_DOUBLED = re.compile(r"(.)\1+")
LONGEST = 600
"""Tokens looked at: far beyond any post; an article has said what it is about by then."""


class Token(NamedTuple):
    """One piece of a text.

    Attributes:
        kind: `word`, `dots`, `mark` or `emoji`.
        text: Folded: lower case, no accents; of a drawn-out word, no letter twice (`horrrrible` as `horible`).
        loud: Written in capitals (three letters or more) or drawn out.
        drawn: Drawn out: three equal letters in a row or more.
    """

    kind: str
    text: str
    loud: bool = False
    drawn: bool = False


def fold(text: str) -> str:
    """Lower case, no accents, straight apostrophes, œ as oe."""
    lowered = text.lower()
    if lowered.isascii():
        return lowered
    plain = unicodedata.normalize(
        "NFKD", lowered.replace("œ", "oe").replace("æ", "ae").replace("\u2019", "'")
    )
    return "".join(c for c in plain if not unicodedata.combining(c))


@dataclass(frozen=True, slots=True)
class Text:
    """A text cut into tokens, and its words for the phrase books to look among.

    Attributes:
        tokens: Its first `LONGEST` ones; links and account names are left out.
        words: The text of each token.
        present: Those, each once: most books find at a glance that they have nothing to say.
        drawn: Whether any word is drawn out.
    """

    tokens: list[Token]
    words: list[str]
    present: frozenset[str]
    drawn: bool


def text_of(raw: str) -> Text:
    """`raw`, cut into tokens."""
    shouting = raw.isupper()  # a text all in capitals stresses nothing
    tokens: list[Token] = []
    for match in _TOKEN.finditer(raw):
        kind = match.lastgroup
        if kind == "word":
            tokens.append(_word(match.group(), shouting))
        elif kind is not None and kind != "skip":
            tokens.append(Token(kind, match.group()))
        if len(tokens) >= LONGEST:
            break
    words = [token.text for token in tokens]
    return Text(tokens, words, frozenset(words), any(token.drawn for token in tokens))


@lru_cache(maxsize=50_000)
def _word(raw: str, shouting: bool) -> Token:
    folded = fold(raw)
    drawn = _DRAWN.search(folded) is not None
    loud = drawn or (not shouting and len(raw) >= 3 and raw.isupper())  # noqa: PLR2004 - not "A" or "OK"
    return Token("word", _squeezed(folded) if drawn else folded, loud, drawn)


def _squeezed(word: str) -> str:
    return _DOUBLED.sub(r"\1", word)


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A phrase in a text: tokens `start` (included) to `stop` (excluded)."""

    start: int
    stop: int
    value: T


class PhraseBook(Generic[T]):
    """Phrases by their first word, longest first, so that "pas mal" wins over "mal".

    Args:
        entries: (phrase, value); a later entry for the same phrase replaces an earlier one.
    """

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        unique = {tuple(text_of(phrase).words): value for phrase, value in entries}
        self._by_first: dict[str, list[tuple[tuple[str, ...], T]]] = {}
        # A drawn-out word is read as the known word that it is a lengthening of.
        self._spelling = {_squeezed(word): word for words in unique for word in words}
        for words, value in sorted(unique.items(), key=lambda item: -len(item[0])):
            self._by_first.setdefault(words[0], []).append((words, value))

    def __len__(self) -> int:
        return sum(map(len, self._by_first.values()))

    def find(self, text: Text) -> Iterator[Found[T]]:
        """The phrases in `text`, in order, none overlapping another."""
        words = text.words
        if text.drawn:
            words = [
                self._spelling.get(token.text, token.text) if token.drawn else token.text
                for token in text.tokens
            ]
        elif text.present.isdisjoint(self._by_first.keys()):
            return
        by_first, free = self._by_first, 0
        for index, word in enumerate(words):
            if index < free or word not in by_first:
                continue
            for phrase, value in by_first[word]:
                size = len(phrase)
                if size == 1 or tuple(words[index : index + size]) == phrase:
                    yield Found(index, index + size, value)
                    free = index + size
                    break


def listed(block: str) -> Iterator[str]:
    """The phrases of a comma-separated block; `déçu/e/s/es` stands for déçu, déçue, déçus, déçues."""
    for item in block.replace("\n", " ").split(","):
        stem, *endings = item.strip().split("/")
        if stem:
            yield stem
            yield from (stem + ending for ending in endings)
