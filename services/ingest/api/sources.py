"""How a source is doing, and reading it now."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from services.contracts.errors import NotFoundError
from services.contracts.values import Slug
from services.ingest.handlers.poll_sources import Poller
from services.ingest.store import polls
from services.kit import audit
from services.kit.auth import Principal, requires
from services.kit.context import Kit
from services.kit.problems import PROBLEMS

SourceId = Annotated[Slug, Path(description="The source's id.")]


class SourceHealth(BaseModel):
    """How a source is doing. Instants are business time."""

    source: str
    state: Literal["healthy", "failing"] = Field(description="What was last said of it, as an event too.")
    failures: int = Field(ge=0, description="Failures in a row.")
    polled_at: datetime | None = Field(description="The last try.")
    succeeded_at: datetime | None = Field(description="The last try that worked.")
    next_poll_at: datetime | None = Field(description="Null while the source is disabled.")
    status: int | None = Field(description="HTTP status of the last try, if the server answered.")
    error: str | None = Field(description="Why the last try failed.")
    entries: int | None = Field(description="Entries in the last document read.")
    rejected: int | None = Field(description="Entries of it with nothing to read in them.")


class PollResult(BaseModel):
    """What came of reading a source."""

    outcome: Literal["read", "unchanged", "failed", "lost"] = Field(
        description="`unchanged`: the server says so. `failed`: see `error`. `lost`: the source was edited meanwhile."
    )
    entries: int = Field(ge=0, description="Entries in the document.")
    news: int = Field(ge=0, description="Entries that are new or were edited.")
    matched: int = Field(ge=0, description="News that concern a brand; they are on the bus.")
    rejected: int = Field(ge=0, description="Entries with nothing to read in them.")
    error: str | None
    next_poll_at: datetime | None


def source_routes(kit: Kit, poller: Poller) -> APIRouter:
    """The routers of `/sources/{id}/health` and `/sources/{id}/poll`."""
    router = APIRouter(tags=["Sources"])

    @router.get(
        "/sources/{id}/health",
        summary="How a source is doing",
        responses={status: PROBLEMS[status] for status in (401, 403, 404, 422, 503)},
    )
    async def read_source_health(
        id: SourceId,  # noqa: A002
        principal: Annotated[Principal, requires("sources:read")],
    ) -> SourceHealth:
        """When it was last read, what came of it, and when it is next."""
        del principal
        async with kit.database.transaction() as tx:
            poll = await polls.read(tx, id)
        if poll is None:
            raise NotFoundError("source", id)
        return SourceHealth(
            source=poll.source,
            state=poll.state,
            failures=poll.failures,
            polled_at=poll.polled_at,
            succeeded_at=poll.succeeded_at,
            next_poll_at=poll.due_at,
            status=poll.status,
            error=poll.error,
            entries=poll.entries,
            rejected=poll.rejected,
        )

    @router.post(
        "/sources/{id}/poll",
        summary="Read a source now",
        responses={status: PROBLEMS[status] for status in (401, 403, 404, 409, 422, 503)},
    )
    async def poll_source(
        id: SourceId,  # noqa: A002
        principal: Annotated[Principal, requires("sources:write")],
    ) -> PollResult:
        """Read it without waiting for its turn, enabled or not, and say what came of it."""
        report = await poller.poll_now(id)
        result = PollResult(
            outcome=report.outcome,
            entries=report.entries,
            news=report.news,
            matched=report.matched,
            rejected=report.rejected,
            error=report.error,
            next_poll_at=report.next_poll_at,
        )
        async with kit.database.transaction() as tx:
            await audit.record(
                tx,
                actor=principal.name,
                action="poll",
                kind="source",
                identifier=id,
                after=result,
                at=kit.clock.now(),
            )
        return result

    return router
