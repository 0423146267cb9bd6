"""A mention as it arrives, before it is known whether it concerns anybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from services.contracts.events import MentionFound
from services.contracts.ids import derived, mention_id
from services.contracts.values import Author, Reference, Slug
from services.ingest.domain.document import Document
from services.ingest.domain.plain import MAX_RAW, MAX_TEXT, cleaned, readable, shortened

MAX_TITLE = 500
"""Characters of a title that are kept."""

MAX_REVISION = 2**31 - 1
"""Largest revision: readers keep it in a 32-bit column."""

_REVISIONS_BEGIN = datetime(2000, 1, 1, tzinfo=UTC)


def _clean(value: object) -> object:
    """One clean line. An empty one is as good as none: senders that write tables have no other way to say so."""
    whole = _whole(value)
    return cleaned(whole) or None if isinstance(whole, str) else whole


def _whole(value: object) -> object:
    """Join surrogate pairs and take lone ones out: pydantic would refuse a mention for half an emoji."""
    if not isinstance(value, str) or value.isascii():
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")


def _in_utc(value: datetime) -> datetime:
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("It is before year 1 or after year 9999 in UTC.") from error


Prose = Annotated[str, BeforeValidator(_whole)]
Moment = Annotated[datetime, AfterValidator(_in_utc)]
Count = Annotated[int, Field(ge=0, le=2**53)]


class SubmittedAuthor(BaseModel):
    """Who said it, as the source tells."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str | None = Field(default=None, max_length=200)
    handle: str | None = Field(default=None, max_length=200, description="The at sign is optional.")
    followers: Count | None = None
    verified: bool = False

    _lines_are_clean = field_validator("name", "handle", mode="before")(_clean)


class SubmittedMention(BaseModel):
    """One post, article or review, as sent to `POST /mentions` or read from a source."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    external_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=512,
        description="Its id at the source: the same id again is the same mention. Left out, it is made of the content.",
    )
    text: Prose = Field(
        description=f"Plain text or HTML; it is made plain, and {MAX_TEXT} characters are kept.",
    )
    title: Prose | None = Field(default=None, description=f"{MAX_TITLE} characters are kept.")
    url: str | None = Field(default=None, max_length=2000, pattern=r"^https?://[^\s]+$")
    published_at: Moment | None = Field(default=None, description="Without zone: UTC. Left out: now.")
    author: SubmittedAuthor | None = None
    language: str | None = Field(default=None, pattern=r"^[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*$")
    engagement: Count | None = Field(default=None, description="Reactions, shares and replies together.")
    edited_at: Moment | None = Field(
        default=None, description="When this version was written; makes the revision."
    )
    revision: int | None = Field(
        default=None,
        ge=0,
        le=MAX_REVISION,
        description="Grows with each edit; a lower or equal one changes nothing.",
    )
    source: Slug = Field(default="api", description="Where it comes from; ids are unique within a source.")

    _lines_are_clean = field_validator("external_id", "url", "language", mode="before")(_clean)


@dataclass(frozen=True, slots=True)
class Draft:
    """A submitted mention made plain, ready to be matched.

    Attributes:
        truncated: Whether its text was longer than what is kept.
    """

    submitted: SubmittedMention
    source_kind: str
    text: str
    title: str | None
    truncated: bool
    received_at: datetime

    @classmethod
    def of(
        cls,
        submitted: SubmittedMention,
        *,
        received_at: datetime,
        source_kind: str = "api",
        markup: bool | None = None,
    ) -> Draft | None:
        """The draft, or None if neither text nor title holds anything to read.

        Args:
            submitted: As it came.
            received_at: Business time of its arrival.
            source_kind: What sort of connector brought it.
            markup: Whether the text is HTML; None to tell by its look.
        """
        text = readable(submitted.text, markup=markup)
        title = readable(submitted.title).replace("\n", " ") if submitted.title else ""
        if not text:
            text, title = title, ""
        if not text:
            return None
        kept = shortened(text, MAX_TEXT)
        short_title = shortened(title, MAX_TITLE) or None
        truncated = kept is not text or len(submitted.text) > MAX_RAW
        return cls(submitted, source_kind, kept, short_title, truncated, received_at)

    @property
    def document(self) -> Document:
        """What watches are asked about: title and text, not the author's name."""
        return Document(self.text, self.title)

    @property
    def external_id(self) -> str:
        """Its id at the source, or one made of what it says, where, when and by whom."""
        sent = self.submitted
        if sent.external_id:
            return sent.external_id
        author = sent.author or SubmittedAuthor()
        return str(
            derived("content", sent.url, sent.published_at, author.name, author.handle, self.title, self.text)
        )

    @property
    def revision(self) -> int:
        """As sent, or the seconds from 2000 to the edit, or 0. An edit of the future counts as one of now."""
        sent = self.submitted
        if sent.revision is not None:
            return sent.revision
        if sent.edited_at is None:
            return 0
        seconds = (min(sent.edited_at, self.received_at) - _REVISIONS_BEGIN).total_seconds()
        return min(max(int(seconds), 0), MAX_REVISION)

    def found(
        self, brand: str, watches: tuple[Reference, ...], *, revision: int | None = None
    ) -> MentionFound:
        """The event that this mention matched `watches` of `brand`."""
        sent = self.submitted
        external_id = self.external_id
        return MentionFound(
            brand=brand,
            mention_id=mention_id(sent.source, external_id, brand),
            revision=self.revision if revision is None else revision,
            watches=watches,
            source=sent.source,
            source_kind=self.source_kind,
            external_id=external_id,
            url=sent.url,
            title=self.title,
            text=self.text,
            language=sent.language.replace("_", "-").split("-")[0].lower() if sent.language else None,
            author=_author(sent.author),
            engagement=sent.engagement,
            published_at=sent.published_at or self.received_at,
            received_at=self.received_at,
        )


def _author(sent: SubmittedAuthor | None) -> Author:
    if sent is None:
        return Author()
    handle = (sent.handle or "").lstrip("@") or None
    return Author(name=sent.name or None, handle=handle, followers=sent.followers, verified=sent.verified)
