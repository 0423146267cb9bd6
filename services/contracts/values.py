"""Small values that several events share."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$")]
"""A short stable name people type: lower-case letters, digits and inner hyphens, at most 64."""


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        # The first hours of year 1, or the last of year 9999, seen from another offset.
        raise ValueError("This instant is out of range.") from error


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A moment, aware, kept in UTC."""


class Value(BaseModel):
    """Immutable; ignores fields it does not know, so that a newer writer does not stop an older reader."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_timedelta="float")


class Severity(StrEnum):
    """How bad, in the order that escalation uses."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for info, 1 for warning, 2 for critical: for comparisons."""
        return ("info", "warning", "critical").index(self.value)


class Sentiment(StrEnum):
    """The tone of a text."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Author(Value):
    """Who said it, as the source tells.

    Attributes:
        name: As displayed.
        handle: The account's name at the source, without the at sign.
        followers: How many accounts follow it; None where the source does not say.
        verified: Whether the source vouches for the account.
    """

    name: str | None = None
    handle: str | None = None
    followers: int | None = Field(default=None, ge=0)
    verified: bool = False

    @property
    def label(self) -> str:
        """What to call the author in a message: the handle, else the name, else "?"."""
        return f"@{self.handle}" if self.handle else self.name or "?"


class Reference(Value):
    """Something ops can edit, as it was when it took effect: id, version, and its name for people."""

    id: str
    version: int = 1
    name: str = ""


class Reason(Value):
    """One named reason for a score or a decision.

    Attributes:
        code: Stable, for machines and tests (`negative_tone`, `off_hours`).
        text: One clause for people, in the installation's language.
        points: What it added to a risk of 0-100; 0 where points mean nothing.
    """

    code: str
    text: str
    points: float = 0.0


class Playbook(Value):
    """What to do when this rule pages: short, and inside the page itself."""

    text: str = Field(default="", max_length=2000)
    links: tuple[str, ...] = Field(default=(), max_length=10)


class EvidenceMention(Value):
    """A mention as an alert shows it."""

    mention_id: UUID
    text: str = Field(description="At most 500 characters.")
    author: Author
    url: str | None = None
    source: str
    published_at: Instant
    sentiment: Sentiment
    risk: int = Field(ge=0, le=100)
    reasons: tuple[Reason, ...] = ()


class Situation(Value):
    """What a rule sees: figures over the rule's window (or over the single mention that fired it).

    Attributes:
        mentions: How many.
        authors: How many distinct authors.
        negative_share: Share of negative mentions, 0 to 1.
        reach: Sum of the authors' followers, where known.
        max_risk: Highest risk among them, 0-100.
        usual: Mentions usually seen in such a window; None while there is no history to say.
        window_minutes: The window's length; 0 for a rule on single mentions.
    """

    mentions: int = Field(ge=0)
    authors: int = Field(ge=0)
    negative_share: float = Field(ge=0, le=1)
    reach: int = Field(ge=0)
    max_risk: int = Field(ge=0, le=100)
    usual: float | None = None
    window_minutes: int = 0
