"""Text as it may be shown: on one line, without signs that reorder it, and spaced as each language is printed."""

from __future__ import annotations

import re

from services.notify.domain.responder import Language

_SPACE, _NARROW = (
    "\u00a0",
    "\u202f",
)  # spaces that do not break: before a colon and inside quotes; before ; ! ? and %

# Controls, and the signs that reverse or hide what follows them: with those, a stranger's name could rewrite the
# line it stands in. Joiners stay: emoji and several scripts are made of them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
_BLANKS = re.compile(f"[^\\S{_SPACE}{_NARROW}]+")  # line breaks of every kind too; spaces put by hand stay
_ENDING = " ,;:.!?\u2026(\u00ab\u201c" + _SPACE + _NARROW

_FRENCH = (
    (re.compile(r"(?<=\S) (?=:(?:\s|$))|(?<=\u00ab) | (?=\u00bb)"), _SPACE),
    (re.compile(r"(?<=\S) (?=[;!?](?:\s|$|\u00bb))|(?<=\d) (?=%|\d{3}(?!\d))"), _NARROW),
    (re.compile(r"(?<=\d) (?=(?:h|min)\b)|(?<=\d h) (?=\d\d\b)"), _SPACE),
)
_MARKUP = re.compile(r"(<style.*?</style>|<[^>]*>)", re.DOTALL)


def one_line(text: str) -> str:
    """`text` on one line, without controls and without signs that reorder it."""
    return _BLANKS.sub(" ", _UNSEEN.sub("", text)).strip()


def shorten(text: str, most: int) -> str:
    """`text` on one line, cut at a word to at most `most` characters; an ellipsis says that it was cut."""
    line = one_line(text)
    if len(line) <= most:
        return line
    cut = line[: most - 1]
    kept = (cut.rpartition(" ")[0] or cut).rstrip(_ENDING) or cut
    return f"{kept}…"


def typeset(text: str, language: Language) -> str:
    """`text` with the spaces that French printing asks for, where a line must not break; English needs none."""
    if language == "fr":
        for pattern, space in _FRENCH:
            text = pattern.sub(space, text)
    return text


def typeset_html(html: str, language: Language) -> str:
    """`typeset` for a document: what stands between its tags, and neither tags nor styles."""
    pieces = _MARKUP.split(html)
    return "".join(piece if place % 2 else typeset(piece, language) for place, piece in enumerate(pieces))
