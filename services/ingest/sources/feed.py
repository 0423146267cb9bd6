"""RSS and Atom documents to mentions."""

from __future__ import annotations

import calendar
import io
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urljoin

import feedparser
from pydantic import ValidationError

from services.contracts.errors import PermanentError
from services.ingest.domain.plain import MAX_RAW
from services.ingest.domain.submission import Draft, SubmittedAuthor, SubmittedMention

KIND = "feed"

_Item = Mapping[str, Any]
_Parsed = Any  # feedparser has no types: a mapping with attributes

# How RSS writes an author; feedparser reads it wrong where the domain ends in more than four letters.
_MAIL_AND_NAME = re.compile(r"[^\s@()]+@[^\s@()]+\s*\((?P<name>[^()]+)\)")

_MAX_ID = 512
_MAX_URL = 2_000
_MAX_NAME = 200


class UnreadableFeedError(PermanentError):
    """The document is neither RSS nor Atom, or is broken beyond reading."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed.

    Attributes:
        draft: As a mention.
        fingerprint: Of what a reader sees; another one is an edit.
    """

    draft: Draft
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Feed:
    """What a document held: its entries, oldest first where the feed says newest first, and how many were no use."""

    entries: Sequence[Entry]
    rejected: int


def parse_feed(
    body: bytes, *, source: str, url: str, content_type: str | None, received_at: datetime
) -> Feed:
    """The entries of an RSS or Atom document.

    Args:
        body: The document as it came.
        source: The id of the source.
        url: Where it came from in the end: relative links start there.
        content_type: As the server said; it may name the character set.
        received_at: Business time.

    Raises:
        UnreadableFeedError: It is no feed.
    """
    # Not told where the document comes from, feedparser leaves ids as they are: one that is no address (`42`) must
    # not change with the address of the feed.
    headers = {"content-type": content_type} if content_type else {}
    try:
        # A file object: feedparser takes a bare string for a file name or an address, and opens it.
        parsed = feedparser.parse(io.BytesIO(body), response_headers=headers)
    except Exception as error:  # its sub-parsers let many kinds escape on broken input; none is ours
        raise UnreadableFeedError(f"The feed cannot be parsed ({type(error).__name__}: {error}).") from error
    if not parsed.entries and not parsed.get("version"):
        raise UnreadableFeedError("The document is neither RSS nor Atom.")
    return _feed(parsed, source, url, received_at)


def _feed(parsed: _Parsed, source: str, url: str, received_at: datetime) -> Feed:
    raw = list(reversed(parsed.entries))
    repeated = {identifier for identifier, count in Counter(map(_identifier, raw)).items() if count > 1}
    found: dict[str, Entry] = {}
    rejected = 0
    for item in raw:
        identifier = _identifier(item)
        if identifier in repeated:
            # A publisher that gives every entry the same id: the link tells them apart.
            identifier = f"{identifier} {_text(item, 'link')}".strip()
        origin = _Origin(source, url, _language(parsed, item), received_at)
        entry = _entry(item, identifier, origin)
        if entry is None:
            rejected += 1
        else:
            found[entry.draft.external_id] = entry
    return Feed(tuple(found.values()), rejected)


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where and when an entry was read."""

    source: str
    url: str
    language: str | None
    received_at: datetime


def _entry(item: _Item, identifier: str, origin: _Origin) -> Entry | None:
    body, markup = _body(item)
    try:
        submitted = SubmittedMention(
            source=origin.source,
            external_id=_bounded(identifier) or None,
            text=body[:MAX_RAW],
            title=_text(item, "title")[:MAX_RAW] or None,
            url=_link(item, origin.url),
            published_at=_instant(item, "published_parsed") or _instant(item, "updated_parsed"),
            author=_author(item),
            language=origin.language,
        )
    except ValidationError:
        return None
    draft = Draft.of(submitted, received_at=origin.received_at, source_kind=KIND, markup=markup)
    if draft is None:
        return None
    return Entry(draft, _fingerprint(draft))


def _identifier(item: _Item) -> str:
    return _text(item, "id") or _text(item, "link")


def _bounded(identifier: str) -> str:
    return (
        identifier if len(identifier) <= _MAX_ID else sha256(identifier.encode(errors="replace")).hexdigest()
    )


def _link(item: _Item, base: str) -> str | None:
    """The entry's address, if a browser may be sent there."""
    try:
        link = urljoin(base, _text(item, "link")) if _text(item, "link") else ""
    except ValueError:
        return None
    fits = len(link) <= _MAX_URL and not any(character.isspace() for character in link)
    return link if fits and link.startswith(("http://", "https://")) else None


def _body(item: _Item) -> tuple[str, bool | None]:
    """The longest of the entry's texts, and whether it is HTML (None: to be told by its look)."""
    candidates: list[Mapping[str, Any]] = [c for c in item.get("content", ()) if c.get("value")]
    if _text(item, "summary"):
        candidates.append(
            {"value": item["summary"], "type": (item.get("summary_detail") or {}).get("type", "")}
        )
    readable = [c for c in candidates if "html" in (c.get("type") or "html") or c["type"].startswith("text/")]
    best = max(readable, key=lambda candidate: len(candidate["value"]), default=None)
    if best is None:
        return "", None
    return str(best["value"]), True if "html" in (best.get("type") or "") else None


def _author(item: _Item) -> SubmittedAuthor | None:
    raw = _text(item, "author")
    detail = item.get("author_detail") or {}
    written = _MAIL_AND_NAME.fullmatch(raw)
    name = written["name"] if written else detail.get("name") or detail.get("email") or raw
    name = str(name).strip()[:_MAX_NAME]
    return SubmittedAuthor(name=name) if name else None


def _language(parsed: _Parsed, item: _Item) -> str | None:
    for text in _languages(parsed, item):
        short = text.replace("_", "-").split("-")[0].strip().lower()
        if short.isascii() and short.isalpha() and len(short) in (2, 3):
            return short
    return None


def _languages(parsed: _Parsed, item: _Item) -> Iterator[str]:
    for content in item.get("content", ()):
        yield str(content.get("language") or "")
    yield str((item.get("summary_detail") or {}).get("language") or "")
    yield str(parsed.feed.get("language") or "") if isinstance(parsed.feed, Mapping) else ""


def _instant(item: _Item, name: str) -> datetime | None:
    # `in` first: asking for a date that is missing makes feedparser look for another one, with a warning.
    moment: time.struct_time | None = item[name] if name in item else None  # noqa: SIM401
    if moment is None:
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(moment), tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _text(item: _Item, name: str) -> str:
    value = item.get(name)
    return value.strip() if isinstance(value, str) else ""


def _fingerprint(draft: Draft) -> bytes:
    parts = (draft.title or "", draft.text, draft.submitted.url or "")
    return sha256("\x00".join(parts).encode()).digest()
