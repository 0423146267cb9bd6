"""How long an SMS really is: the GSM 7-bit alphabet (3GPP TS 23.038), its segments, and shortening to fit."""

from __future__ import annotations

import re
import unicodedata

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")  # each takes an escape as well: two septets

# What typography writes and a phone's 7-bit alphabet lacks. One such sign would turn the whole message into
# 16-bit text, of which a segment holds 67 instead of 153.
_PLAIN = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-",
        "\u2026": "...", "œ": "oe", "Œ": "OE", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\t": " ", "·": ".",
        "•": "-", "°": "o", "\u00d7": "x",
    }
)  # fmt: skip

# The alphabet has no guillemets: straight quotes, which stand close to the words they hold.
_QUOTES = re.compile(r"«\s*|\s*»")
_ENDING = " ,;:.!?("

SINGLE = 160
"""Septets of a message in one segment: 140 octets of 8 bits."""
PART = 153
"""Septets of each segment of a longer one: the concatenation header takes seven."""


def to_gsm(text: str) -> str:
    """`text` in the GSM alphabet: accents it lacks are dropped, signs it lacks replaced, the rest left out."""
    plain = "".join(map(_letter, _QUOTES.sub('"', text).translate(_PLAIN)))
    # Signs that are left out leave holes: quotes around nothing, and spaces side by side.
    return re.sub(" {2,}", " ", re.sub('(?:"")+', "", plain))


def _letter(letter: str) -> str:
    if letter in _BASIC or letter in _EXTENDED:
        return letter
    return "".join(part for part in unicodedata.normalize("NFKD", letter) if part in _BASIC)


def septets(text: str) -> int:
    """Length of GSM text in septets."""
    return sum(2 if letter in _EXTENDED else 1 for letter in text)


def segments(text: str) -> int:
    """How many SMS segments GSM text takes."""
    length = septets(text)
    return 1 if length <= SINGLE else -(-length // PART)


def fit(text: str, tail: str, *, most: int = 2) -> str:
    """`text`, then `tail`, in the GSM alphabet and at most `most` segments.

    The text is cut at a word and ends with dots where it must, an open quote closed; the tail (the link) is never cut.
    """
    body, end = to_gsm(text).strip(), to_gsm(tail)
    room = (SINGLE if most == 1 else PART * most) - septets(end)
    if septets(body) <= room:
        return body + end
    kept = ""
    for word in body.split(" "):
        candidate = f"{kept} {word}".lstrip(" ")
        if septets(_cut(candidate)) > room:
            break
        kept = candidate
    return f"{_cut(kept)}{end}" if kept else end


def _cut(text: str) -> str:
    """`text` as the beginning of a longer one."""
    quote = '"' if text.count('"') % 2 else ""
    return f"{text.rstrip(_ENDING)}...{quote}"
