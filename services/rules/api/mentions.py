"""Assessed mentions and their series over REST."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of endpoints made inside a function.

from datetime import datetime, timedelta
from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from services.contracts.errors import Fault, InvalidError
from services.contracts.values import Instant, Sentiment, Slug
from services.kit.auth import Principal, requires
from services.kit.context import Kit
from services.kit.paging import After, Limit, Page, decode_cursor, encode_cursor, page_of
from services.kit.problems import PROBLEMS
from services.rules.store.coverage import TeamClocks
from services.rules.views import AssessedMention, Bucket, Filter, Point, get_mention, list_mentions, series

POINTS = 1500
"""Buckets of one answer at most: a day of minutes, two months of hours."""

_LENGTHS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_SPANS = {"minute": timedelta(hours=6), "hour": timedelta(days=7), "day": timedelta(days=90)}

Reader = Annotated[Principal, requires("mentions:read")]
MentionId = Annotated[UUID, Path(description="The mention's id.")]
OfBrand = Annotated[Slug | None, Query(description="Only those of this brand.")]
OfTone = Annotated[Sentiment | None, Query(description="Only those of this tone.")]
OfRisk = Annotated[int | None, Query(ge=0, le=100, description="Only those of at least this risk.")]
OfLanguage = Annotated[str | None, Query(pattern=r"^[a-z]{2,3}$", description="Only those in this language.")]
Since = Annotated[Instant | None, Query(alias="from", description="Event time at or after.")]
Until = Annotated[Instant | None, Query(alias="to", description="Event time before.")]
Words = Annotated[
    str | None,
    Query(
        alias="q",
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00]+$",
        description="In the text or the title.",
    ),
]
Brand = Annotated[Slug, Query(description="Whose.")]


class Series(BaseModel):
    """A brand's volume, tone and risk over time. Buckets without mentions are left out."""

    brand: str
    bucket: Bucket
    zone: str
    since: Instant
    until: Instant
    points: list[Point]


def mention_routes(kit: Kit, clocks: TeamClocks) -> APIRouter:
    """Routes to read mentions and series."""
    router = APIRouter(tags=["Mentions"])

    @router.get("/mentions", summary="Assessed mentions, newest first")
    async def list_assessed_mentions(
        _: Reader,
        *,
        brand: OfBrand = None,
        sentiment: OfTone = None,
        min_risk: OfRisk = None,
        language: OfLanguage = None,
        since: Since = None,
        until: Until = None,
        words: Words = None,
        after: After = None,
        limit: Limit = 100,
    ) -> Page[AssessedMention]:
        start = cast("tuple[datetime, UUID]", decode_cursor(after, datetime, UUID)) if after else None
        wanted = Filter(brand, sentiment, min_risk, language, since, until, words, start)
        async with kit.database.transaction() as tx:
            found = await list_mentions(tx, wanted, limit=limit + 1)
        return page_of(found, limit, lambda last: encode_cursor(last.event_at, last.mention.mention_id))

    @router.get("/mentions/{mention_id}", responses={404: PROBLEMS[404]}, summary="One assessed mention")
    async def read_assessed_mention(mention_id: MentionId, _: Reader) -> AssessedMention:
        async with kit.database.transaction() as tx:
            return await get_mention(tx, mention_id)

    @router.get("/stats", summary="A brand's volume, tone and risk over time")
    async def read_stats(
        _: Reader, brand: Brand, bucket: Bucket = "hour", since: Since = None, until: Until = None
    ) -> Series:
        until = until or kit.clock.now()
        since = _beginning(since, until, bucket)
        async with kit.database.transaction() as tx:
            zone = (await clocks.of(tx, [brand]))[brand].zone.key
            points = await series(tx, brand, bucket=bucket, since=since, until=until, zone=zone)
        return Series(brand=brand, bucket=bucket, zone=zone, since=since, until=until, points=points)

    return router


def _beginning(since: Instant | None, until: Instant, bucket: Bucket) -> Instant:
    try:
        since = since or until - _SPANS[bucket]
    except OverflowError as error:
        raise InvalidError(Fault("to", "It is too early.", "Write a date of our time.")) from error
    if since >= until:
        raise InvalidError(Fault("from", "It is not before `to`.", "Write an earlier instant."))
    if (until - since) / _LENGTHS[bucket] > POINTS:
        problem = f"More than {POINTS} buckets lie between `from` and `to`."
        raise InvalidError(Fault("bucket", problem, "Take a larger bucket or a shorter span."))
    return since
