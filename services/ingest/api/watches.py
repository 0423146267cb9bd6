"""Trying a query before it becomes a watch."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.ingest.domain.plain import MAX_RAW
from services.ingest.domain.query.parsing import MAX_LENGTH
from services.ingest.handlers.try_query import try_query
from services.kit.auth import Principal, requires
from services.kit.problems import PROBLEMS

Sample = Annotated[str, Field(max_length=MAX_RAW)]


class QueryTrial(BaseModel):
    """A query, and texts to try it on."""

    query: str = Field(min_length=1, max_length=MAX_LENGTH, examples=["lacombe (fuite OR odeur) -rugby"])
    texts: list[Sample] = Field(
        max_length=100, examples=[["Encore une fuite chez #Lacombe", "Lacomberie en fête"]]
    )


class Span(BaseModel):
    """A place in `text`: code points from `start` to before `end`."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)


class TextTrial(BaseModel):
    """What the query says of one text."""

    text: str = Field(description="As it is read: made plain.")
    matched: bool
    spans: list[Span] = Field(
        description="Where the words asked for stand; empty if the text does not match."
    )


class QueryTrialResult(BaseModel):
    """How the query is understood, and its answer for each text, in order."""

    understood: str = Field(description="The query written out, as it is understood.")
    results: list[TextTrial]


def watch_trial_routes() -> APIRouter:
    """The router of `/watches/test`."""
    router = APIRouter(tags=["Watches"])

    @router.post(
        "/watches/test",
        summary="Try a query on texts",
        responses={status: PROBLEMS[status] for status in (400, 401, 403, 413, 422, 503)},
    )
    async def test_watch(
        trial: QueryTrial, principal: Annotated[Principal, requires("watches:read")]
    ) -> QueryTrialResult:
        """Say which of the texts the query matches, and where. Nothing is stored."""
        del principal
        node, trials = try_query(trial.query, trial.texts)
        results = [
            TextTrial(
                text=t.text, matched=t.matched, spans=[Span(start=start, end=end) for start, end in t.spans]
            )
            for t in trials
        ]
        return QueryTrialResult(understood=str(node), results=results)

    return router
