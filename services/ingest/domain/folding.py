"""Text as a reader hears it: without case, accents, ligatures, typography or invisible characters.

Queries and texts are folded by the same code, so that `Œuvre`, `oeuvre` and `OEUVRE` are one word. A token is a
run of letters, digits and underscores; an apostrophe or a hyphen ends it, so an elision (`l'Oréal`) gives `l` and
`oreal`, and `#lacombe` or `@lacombe` give `lacombe`. Scripts that write no spaces (Han, kana) give a token a character.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

# Letters that Unicode does not decompose, as French keyboards and search engines write them.
_LETTERS = {
    "œ": "oe",
    "æ": "ae",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ħ": "h",
    "ŧ": "t",
    "\u0131": "i",
}

# Apostrophes that Unicode calls letters: left alone, they would glue an elision to its word.
_LETTER_APOSTROPHES = frozenset("\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\ua78c")

# Fillers that Unicode calls letters but that nobody sees.
_INVISIBLE_LETTERS = frozenset("\u115f\u1160\u3164\uffa0")

# Mn/Me: accents and marks. Cf: zero-width, soft hyphen, bidirectional controls. Cc is left: it separates words.
_DROPPED_CATEGORIES = frozenset({"Mn", "Me", "Cf"})

_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")


class _FoldTable(dict[int, str]):
    """Code point to folded text, filled in as characters are met: `str.translate` then runs in C."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold_character(chr(code))
        return folded


@dataclass(frozen=True, slots=True)
class Token:
    """A folded word, and the span of the original text (code points) it was read from."""

    word: str
    start: int
    end: int


def fold(text: str) -> str:
    """`text` in compatibility form, lower case, without marks or invisible characters."""
    return text.translate(_TABLE)


def words(text: str) -> list[str]:
    """The folded tokens of `text`, in order."""
    return _TOKEN.findall(text.translate(_TABLE))


def tokens(text: str) -> Iterator[Token]:
    """The tokens of `text` with their places in it. Same words as `words`, several times slower."""
    pieces = [_TABLE[ord(character)] for character in text]
    origins = [index for index, piece in enumerate(pieces) for _ in piece]
    for found in _TOKEN.finditer("".join(pieces)):
        end = origins[found.end() - 1] + 1
        while end < len(pieces) and not pieces[end]:
            end += 1  # trailing accents belong to their letter
        yield Token(found.group(), origins[found.start()], end)


def _fold_character(character: str) -> str:
    if character in _LETTER_APOSTROPHES:
        return "'"
    if character in _INVISIBLE_LETTERS:
        return ""
    # Folding case may bring back what decomposes (and the other way round), hence twice.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    kept = (part for part in decomposed if unicodedata.category(part) not in _DROPPED_CATEGORIES)
    return "".join(_LETTERS.get(part, part) for part in kept)


_TABLE = _FoldTable()
