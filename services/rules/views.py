"""Read models: assessed mentions, and their series over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row, text

from services.contracts.errors import NotFoundError
from services.contracts.events import MentionFound
from services.contracts.values import Instant, Reason, Sentiment
from services.kit.database import Transaction

Bucket = Literal["minute", "hour", "day"]

_COLUMNS = """
    doc, event_at, assessed_at, language, sentiment, confidence, risk, topics, reasons, model, fired, mention_id
"""


class AssessedMention(BaseModel):
    """A mention and what was concluded about its newest revision."""

    mention: MentionFound
    event_at: Instant = Field(description="When it counts: the earlier of published and received.")
    assessed_at: Instant
    language: str = Field(description='ISO 639-1, or "und".')
    sentiment: Sentiment
    confidence: float = Field(ge=0, le=1)
    risk: int = Field(ge=0, le=100)
    topics: list[str]
    reasons: list[Reason]
    model: str
    fired: list[str] = Field(description="Ids of the rules that held when it came in.")


class Point(BaseModel):
    """One bucket of a brand's series."""

    at: Instant = Field(description="Beginning of the bucket.")
    mentions: int
    negative: int
    positive: int
    mean_risk: float
    max_risk: int


@dataclass(frozen=True, slots=True)
class Filter:
    """Which mentions to list; None does not filter.

    Attributes:
        brand: Of this brand.
        sentiment: Of this tone.
        min_risk: With at least this risk.
        language: In this language.
        since: Event time at or after.
        until: Event time before.
        words: Whose text or title has this, whatever the case.
        after: (event time, id) of the last one of the page before.
    """

    brand: str | None = None
    sentiment: str | None = None
    min_risk: int | None = None
    language: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    words: str | None = None
    after: tuple[datetime, UUID] | None = None


_CLAUSES = {
    "brand": "brand = :brand",
    "sentiment": "sentiment = :sentiment",
    "min_risk": "risk >= :min_risk",
    "language": "language = :language",
    "since": "event_at >= :since",
    "until": "event_at < :until",
}


async def list_mentions(tx: Transaction, wanted: Filter, *, limit: int) -> list[AssessedMention]:
    """Newest first, by event time."""
    values = {name: value for name in _CLAUSES if (value := getattr(wanted, name)) is not None}
    clauses = [_CLAUSES[name] for name in values]
    if wanted.words is not None:
        clauses.append("(doc ->> 'text' ILIKE :words OR doc ->> 'title' ILIKE :words)")
        values["words"] = f"%{_literal(wanted.words)}%"
    if wanted.after is not None:
        clauses.append("(event_at, mention_id) < (:after_at, :after_id)")
        values |= {"after_at": wanted.after[0], "after_id": wanted.after[1]}
    where = " AND ".join(clauses) or "true"
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS} FROM rules.mentions WHERE {where}
            ORDER BY event_at DESC, mention_id DESC LIMIT :limit
        """),  # noqa: S608 - clauses are literals of this module
        {**values, "limit": limit},
    )
    return [_assessed(row) for row in rows]


async def get_mention(tx: Transaction, mention_id: UUID) -> AssessedMention:
    """The mention of that id.

    Raises:
        NotFoundError: There is none.
    """
    rows = await tx.execute(
        text(f"SELECT {_COLUMNS} FROM rules.mentions WHERE mention_id = :id"),  # noqa: S608 - a literal
        {"id": mention_id},
    )
    row = rows.one_or_none()
    if row is None:
        raise NotFoundError("mention", mention_id)
    return _assessed(row)


async def series(
    tx: Transaction, brand: str, *, bucket: Bucket, since: datetime, until: datetime, zone: str
) -> list[Point]:
    """The buckets of `since` <= event time < `until` that have mentions; days and hours are those of `zone`."""
    rows = await tx.execute(
        text("""
            SELECT date_trunc(:bucket, event_at, :zone) AS at, count(*) AS mentions,
                   count(*) FILTER (WHERE sentiment = 'negative') AS negative,
                   count(*) FILTER (WHERE sentiment = 'positive') AS positive,
                   round(avg(risk), 1)::float8 AS mean_risk, max(risk) AS max_risk
            FROM rules.mentions
            WHERE brand = :brand AND event_at >= :since AND event_at < :until
            GROUP BY 1 ORDER BY 1
        """),
        {"bucket": bucket, "zone": zone, "brand": brand, "since": since, "until": until},
    )
    return [Point(**row) for row in rows.mappings()]


class Volume(BaseModel):
    """How much was said about a brand, in slots of equal length; empty slots are zeros."""

    mentions: list[int]
    negative: list[int]


async def volumes(
    tx: Transaction, brands: Sequence[str], *, until: datetime, slot: timedelta, slots: int
) -> dict[str, Volume]:
    """The `slots` slots up to and including `until` of each brand, in one round trip; a silent brand has zeros."""
    rows = await tx.execute(
        text("""
            SELECT brand, CAST(floor(extract(epoch FROM CAST(:until AS timestamptz) - event_at) / :seconds) AS integer) AS back,
                   count(*) AS mentions, count(*) FILTER (WHERE sentiment = 'negative') AS negative
            FROM rules.mentions WHERE brand = ANY(:brands) AND event_at > :since AND event_at <= :until
            GROUP BY 1, 2
        """),
        {
            "brands": list(brands),
            "until": until,
            "since": until - slots * slot,
            "seconds": slot.total_seconds(),
        },
    )
    found = {brand: Volume(mentions=[0] * slots, negative=[0] * slots) for brand in brands}
    for row in rows:
        found[row.brand].mentions[slots - 1 - row.back] = row.mentions
        found[row.brand].negative[slots - 1 - row.back] = row.negative
    return found


def _literal(words: str) -> str:
    """`words` with nothing in them that ILIKE reads as a pattern."""
    return words.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")


def _assessed(row: Row[Any]) -> AssessedMention:
    return AssessedMention(
        mention=MentionFound.model_validate(row.doc),
        event_at=row.event_at,
        assessed_at=row.assessed_at,
        language=row.language,
        sentiment=Sentiment(row.sentiment),
        confidence=round(row.confidence, 3),
        risk=row.risk,
        topics=row.topics,
        reasons=[Reason.model_validate(reason) for reason in row.reasons],
        model=row.model,
        fired=row.fired,
    )
