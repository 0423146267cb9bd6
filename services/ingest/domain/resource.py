"""What ops edit: brands, the watches kept on their behalf, and the sources that are read."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from services.contracts.errors import Fault, InvalidError
from services.contracts.values import Slug
from services.ingest.domain.query.parsing import MAX_LENGTH

MIN_POLL_SECONDS = 30
"""Fastest polling of a feed. Publishers ban readers that ask more often."""

MAX_POLL_SECONDS = 86_400
"""Slowest polling of a feed: once a day."""


# One line with something to read in it. PostgreSQL keeps no NUL character in a document.
_NAME = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
_NO_NUL = r"^[^\x00]*$"


class Edited(BaseModel):
    """A document of ops: a field that is not known is a mistake, and is said to be."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Brand(Edited):
    """What is protected; the partition key of everything."""

    name: str = Field(min_length=1, max_length=100, pattern=_NAME, examples=["Lacombe"])


class Watch(Edited):
    """A named query on behalf of a brand, over the title and the text of mentions."""

    brand: Slug = Field(description="The id of the brand.", examples=["lacombe"])
    name: str = Field(min_length=1, max_length=100, pattern=_NAME, examples=["Lacombe, not the rugby player"])
    query: str = Field(
        min_length=1,
        max_length=MAX_LENGTH,
        pattern=_NO_NUL,
        description='Words, `"phrases"`, `AND`, `OR`, `NOT` (or `-word`) and parentheses; side by side means AND. '
        "Whole words, whatever their case and accents; a hashtag or a handle counts as its word.",
        examples=["lacombe (yaourt OR fromage) -rugby"],
    )


class Source(Edited):
    """A feed that is polled."""

    brand: Slug | None = Field(
        default=None, description="Look for this brand's watches only; null for all brands."
    )
    name: str = Field(min_length=1, max_length=100, pattern=_NAME, examples=["La Dépêche, à la une"])
    kind: Literal["feed"] = Field(default="feed", description="RSS or Atom.")
    url: str = Field(
        max_length=2000, pattern=r"^https?://[^\s\x00-\x1f\x7f]+$", examples=["https://example.org/feed.xml"]
    )
    every_seconds: int = Field(default=300, ge=MIN_POLL_SECONDS, le=MAX_POLL_SECONDS)
    enabled: bool = True


def check_source_url(url: str) -> None:
    """Refuse an address that cannot be polled.

    Raises:
        InvalidError: On field `url`: not http(s), no host, a password inside, or a port out of range.
    """
    example = "Write a full address, such as https://example.org/feed.xml."
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidError(Fault("url", f"It is not an address: {error}.", example)) from error
    if parts.scheme not in {"http", "https"} or not host:
        raise InvalidError(Fault("url", "It is not an http(s) address.", example))
    if parts.username is not None or parts.password is not None:
        fix = "Take user and password out: everybody who may read sources would see them."
        raise InvalidError(Fault("url", "It carries a user name or a password.", fix))
