"""Words and phrases with what they stand for, found in one pass over a text's tokens."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")

# A word keeps its accents until it is folded; emoji and strings of dots or marks are pieces of their own.
_PIECES = {
    "skip": r"https?://\S+|@\w+",
    "word": r"[^\W_](?:[^\W_]+(?:(?<=n)['\u2019]t\b)?)?",
    "dots": r"\.{2,}|…",
    "mark": r"[.!?;:,\n]+",
    "emoji": r"[\U0001F300-\U0001FAFF\u2600-\u27BF]|:-?[()/]|<3",
}
_PIECE = re.compile("|".join(_PIECES.values()))  # without groups: all pieces of a text come in one call
_KIND = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _PIECES.items()))
_DRAWN = re.compile(r"([^\W\d_])\1{2,}")
_DOUBLED = re.compile(r"(.)\1+")
_KEPT, _ORDINARY = 50_000, 40  # pieces remembered, and the characters of the longest of them
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


class Text(NamedTuple):
    """A text cut into tokens, and its words for the phrase books to look among.

    Attributes:
        tokens: Its first `LONGEST` ones; links and account names are left out.
        words: The text of each token.
        present: Those, each once: most books find at a glance that they have nothing to say.
        others: The tokens that are no words.
        loud: Whether any word is loud.
        drawn: Whether any word is drawn out.
    """

    tokens: list[Token]
    words: list[str]
    present: frozenset[str]
    others: list[Token]
    loud: bool
    drawn: bool


def text_of(raw: str) -> Text:
    """`raw`, cut into tokens."""
    token_of = _SHOUTED if raw.isupper() else _SAID  # a text all in capitals stresses nothing
    if len(raw) <= LONGEST:  # a token has a character at least
        tokens = [token for piece in _PIECE.findall(raw) if (token := token_of[piece]) is not None]
    else:
        pieces = (token_of[match.group()] for match in _PIECE.finditer(raw))
        tokens = list(islice((token for token in pieces if token is not None), LONGEST))
    words = [token[1] for token in tokens]
    others = [token for token in tokens if token[0] != "word"]
    loud = True in [token[2] for token in tokens]
    drawn = loud and any(token.drawn for token in tokens)  # what is drawn out is loud
    return Text(tokens, words, frozenset(words), others, loud, drawn)


class _Tokens(dict[str, "Token | None"]):
    """Pieces as tokens, None for what is left out: texts are made of the same few thousand pieces.

    A dictionary, because looking one up happens some twenty times a text.
    """

    def __init__(self, *, shouting: bool) -> None:
        super().__init__()
        self._shouting = shouting

    def __missing__(self, piece: str) -> Token | None:
        if len(self) >= _KEPT:  # a long-lived process must not grow
            self.clear()
        match = _KIND.match(piece)
        kind = match.lastgroup if match else None
        token = None
        if kind == "word":
            token = _word(piece, self._shouting)
        elif kind is not None and kind != "skip":
            token = Token(kind, piece)
        if len(piece) <= _ORDINARY:
            self[piece] = token
        return token


_SAID, _SHOUTED = _Tokens(shouting=False), _Tokens(shouting=True)


def _word(raw: str, shouting: bool) -> Token:
    folded = fold(raw)
    drawn = _DRAWN.search(folded) is not None
    loud = drawn or (not shouting and len(raw) >= 3 and raw.isupper())  # noqa: PLR2004 - not "A" or "OK"
    return Token("word", _squeezed(folded) if drawn else folded, loud, drawn)


def _squeezed(word: str) -> str:
    return _DOUBLED.sub(r"\1", word)


class Found(NamedTuple, Generic[T]):
    """A phrase in a text: tokens `start` (included) to `stop` (excluded)."""

    start: int
    stop: int
    value: T


class Opening(Generic[T]):
    """The phrases that begin with one word."""

    __slots__ = ("_alone", "_longer", "count")

    def __init__(self) -> None:
        self.count = 0
        self._alone: tuple[T] | None = None
        self._longer: dict[str, list[tuple[list[str], T]]] = {}

    def add(self, words: list[str], value: T) -> None:
        """Know one more, not longer than those before it."""
        self.count += 1
        if len(words) == 1:
            self._alone = (value,)
        else:
            self._longer.setdefault(words[1], []).append((words, value))

    def at(self, index: int, words: list[str]) -> Found[T] | None:
        """The longest of them that stands at `index` of `words`, whose word there is theirs."""
        if self._longer and index + 1 < len(words):
            for phrase, value in self._longer.get(words[index + 1], ()):
                stop = index + len(phrase)
                if words[index:stop] == phrase:
                    return Found(index, stop, value)
        return None if self._alone is None else Found(index, index + 1, self._alone[0])


class PhraseBook(Generic[T]):
    """Phrases by their first word; the longest wins, as "pas mal" over "mal".

    Args:
        entries: (phrase, value); a later entry for the same phrase replaces an earlier one.
    """

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        unique = {tuple(text_of(phrase).words): value for phrase, value in entries}
        self.by_first: dict[str, Opening[T]] = {}
        # A drawn-out word is read as the known word that it is a lengthening of.
        self._spelling = {_squeezed(word): word for words in unique for word in words}
        for words, value in sorted(unique.items(), key=lambda item: -len(item[0])):
            self.by_first.setdefault(words[0], Opening()).add(list(words), value)

    def __len__(self) -> int:
        return sum(opening.count for opening in self.by_first.values())

    def find(self, text: Text) -> Iterator[Found[T]]:
        """The phrases in `text`, in order, none overlapping another."""
        words = text.words
        if text.drawn:
            words = [
                self._spelling.get(token.text, token.text) if token.drawn else token.text
                for token in text.tokens
            ]
        elif text.present.isdisjoint(self.by_first.keys()):
            return
        by_first, free = self.by_first, 0
        for index, word in enumerate(words):
            if index < free or word not in by_first:
                continue
            if (hit := by_first[word].at(index, words)) is not None:
                yield hit
                free = hit.stop


class Shelf:
    """Books that are looked through together, in one pass over a text.

    Args:
        books: Each finds what it finds by itself.
    """

    def __init__(self, *books: PhraseBook[Any]) -> None:
        self._books = books
        self._by_first: dict[str, list[tuple[int, Opening[Any]]]] = {}
        for place, book in enumerate(books):
            for word, opening in book.by_first.items():
                self._by_first.setdefault(word, []).append((place, opening))

    def find(self, text: Text) -> list[list[Found[Any]]]:
        """What each book finds in `text`."""
        if text.drawn:  # rare, and each book reads drawn-out words in its own way
            return [list(book.find(text)) for book in self._books]
        found: list[list[Found[Any]]] = [[] for _ in self._books]
        words, by_first = text.words, self._by_first
        for index, word in enumerate(words):
            if (openings := by_first.get(word)) is None:
                continue
            for place, opening in openings:
                hits = found[place]
                if hits and index < hits[-1].stop:
                    continue
                if (hit := opening.at(index, words)) is not None:
                    hits.append(hit)
        return found


def listed(block: str) -> Iterator[str]:
    """The phrases of a comma-separated block; `déçu/e/s/es` stands for déçu, déçue, déçus, déçues."""
    for item in block.replace("\n", " ").split(","):
        stem, *endings = item.strip().split("/")
        if stem:
            yield stem
            yield from (stem + ending for ending in endings)
