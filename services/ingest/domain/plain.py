"""Untrusted text made plain: no markup, no control characters, a bounded length."""

from __future__ import annotations

import html
import re
import unicodedata

import nh3

MAX_TEXT = 20_000
"""Characters of a mention's text that are kept: some eight printed pages. The rest is cut, and said to be."""

MAX_RAW = 10 * MAX_TEXT
"""Characters of markup that are read at all: a page is seldom more than nine tenths mark-up."""

_BLOCKS = "address|article|aside|blockquote|br|dd|div|dl|dt|figcaption|figure|footer|h[1-6]|header|hr|li|main|ol|p|pre|section|table|td|th|tr|ul"
_INLINE = "a|abbr|b|cite|code|em|i|iframe|img|q|s|script|small|span|strong|style|sub|sup|u|video"
_MARKUP = re.compile(rf"</?(?:{_BLOCKS}|{_INLINE})(?:\s[^<>]*)?/?>|<!--", re.IGNORECASE)
_BLOCK = re.compile(rf"</?(?:{_BLOCKS})(?=[\s/>])", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")

# Not text: C0 and C1 controls but tab and newline, lone surrogates, non-characters; and what changes how the text
# around it is shown (bidirectional controls) or hides in it. Joiners stay: emoji and several scripts need them.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    "\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r" ?\n(?: ?\n)+ ?")


def cleaned(raw: str) -> str:
    """`raw` without control characters, in composed form, with spaces and blank lines collapsed."""
    text = _UNWANTED.sub("", raw.replace("\r\n", "\n").replace("\r", "\n"))
    text = _SPACES.sub(" ", unicodedata.normalize("NFC", text))
    return _BLANK_LINES.sub("\n\n", text).strip()


def readable(raw: str, *, markup: bool | None = None) -> str:
    """The text a person would read in `raw`.

    Args:
        raw: Plain text or HTML.
        markup: Whether it is HTML; None to tell by its tags and entities, so that `prix < 10` and `<3` survive.
    """
    raw = raw[:MAX_RAW]
    if markup is None:
        markup = _MARKUP.search(raw) is not None
    if markup:
        raw = html.unescape(nh3.clean(_BLOCK.sub(r"\n\g<0>", raw), tags=set(), attributes={}))
    elif _ENTITY.search(raw):
        raw = html.unescape(raw)
    return cleaned(raw)


def shortened(text: str, limit: int) -> str:
    """`text` cut to `limit` characters, the last of which then is an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + "\u2026"
