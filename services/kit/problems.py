"""Errors as people and programs get them: RFC 9457 `application/problem+json`, always."""

from __future__ import annotations

import http
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from services.contracts.errors import (
    ConflictError,
    Fault,
    InvalidError,
    NotFoundError,
    PermanentError,
    RetryableError,
)
from services.kit.faults import faults_of

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5
"""How long a client should wait when something outside is away: about a restart of the database."""

_log = logging.getLogger("veilleur.http")


class ProblemFault(BaseModel):
    """One thing wrong with what was sent."""

    field: str = Field(description="Where: a JSON path without `$`; empty for the whole.")
    problem: str = Field(description="What is wrong with the value.")
    fix: str = Field(description="What to write instead.")


class Problem(BaseModel):
    """What went wrong, as RFC 9457 says it."""

    type: str = Field(
        default="about:blank", description="The sort of problem; `about:blank` when the status says it all."
    )
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened this time, for people.")
    instance: str | None = Field(default=None, description="The request: `X-Request-ID` of the answer.")
    errors: list[ProblemFault] | None = Field(
        default=None, description="Each fault of what was sent, with its mending."
    )


class ProblemError(PermanentError):
    """An answer of any status.

    Args:
        status: The HTTP status, 400 to 599.
        detail: What happened, for people.
        faults: What is wrong with what was sent.
        headers: More headers of the answer.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})


class UnauthenticatedError(ProblemError):
    """Nobody said who is asking, or the token is not (or no longer) known."""

    def __init__(self, detail: str) -> None:
        super().__init__(401, detail)


class ForbiddenError(ProblemError):
    """The asker is known and may not do this."""

    def __init__(self, detail: str) -> None:
        super().__init__(403, detail)


class StaleError(ProblemError):
    """`If-Match` (or `If-None-Match: *`) says the thing changed since it was read."""

    def __init__(self, detail: str) -> None:
        super().__init__(412, detail)


def documented(description: str) -> dict[str, Any]:
    """An OpenAPI response with a problem body."""
    return {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: documented("The body cannot be read at all."),
    401: documented("No token, or one that is unknown, expired or revoked."),
    403: documented("The token may not do this."),
    404: documented("There is no such thing, or not any more."),
    409: documented("The request contradicts the present state."),
    412: documented("The thing changed since it was read: `If-Match` is stale."),
    413: documented("The body is larger than this server reads."),
    422: documented("What was sent is not acceptable; `errors` tells where, what, and how to mend it."),
    428: documented("A write needs `If-Match` with the `ETag` of what was read."),
    503: documented("Something this needs is away; try again after `Retry-After` seconds."),
}
"""OpenAPI responses for each status that routes may give. `create_app` adds the applicable ones to every route."""


def problem_response(
    status: int,
    detail: str,
    *,
    request_id: str | None = None,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> JSONResponse:
    """The answer itself; `extra` are extension members."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": title_of(status),
        "status": status,
        "detail": detail,
    }
    if request_id:
        body["instance"] = f"urn:request:{request_id}"
    if faults:
        body["errors"] = [{"field": f.field, "problem": f.problem, "fix": f.fix} for f in faults]
    body.update(extra or {})
    response = JSONResponse(body, status_code=status, headers=dict(headers or {}), media_type=MEDIA_TYPE)
    if status == http.HTTPStatus.UNAUTHORIZED:
        challenge(response)
    return response


def challenge(response: Response) -> None:
    """Say on a 401 how to authenticate; it is what makes browsers ask for a token."""
    # Two challenges as two headers: browsers that know only Basic stop reading at a comma.
    response.headers.append("WWW-Authenticate", 'Bearer realm="veilleur"')
    response.headers.append("WWW-Authenticate", 'Basic realm="veilleur", charset="UTF-8"')


def title_of(status: int) -> str:
    """The status in words."""
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of `app` a problem document."""

    async def on_problem(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, ProblemError)
        return _answer(request, error.status, error.detail, faults=error.faults, headers=error.headers)

    async def on_invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, InvalidError)
        return _answer(request, 422, "What was sent is not acceptable.", faults=error.faults)

    async def on_validation(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return _answer(request, 422, "What was sent is not acceptable.", faults=faults_of(error.errors()))

    async def on_missing(request: Request, error: Exception) -> JSONResponse:
        return _answer(request, 404, str(error))

    async def on_conflict(request: Request, error: Exception) -> JSONResponse:
        return _answer(request, 409, str(error))

    async def on_away(request: Request, error: Exception) -> JSONResponse:
        # The error's own words may name hosts and users: they are for the log.
        _log.warning("Answered 503: %s", error)
        headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        return _answer(request, 503, "Something this needs is away for now; try again.", headers=headers)

    async def on_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return _answer(request, error.status_code, str(error.detail), headers=error.headers)

    app.add_exception_handler(ProblemError, on_problem)
    app.add_exception_handler(InvalidError, on_invalid)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(NotFoundError, on_missing)
    app.add_exception_handler(ConflictError, on_conflict)
    app.add_exception_handler(RetryableError, on_away)
    app.add_exception_handler(HTTPException, on_http)


def _answer(
    request: Request,
    status: int,
    detail: str,
    *,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    request_id = request.scope.get("state", {}).get("request_id")
    return problem_response(status, detail, request_id=request_id, faults=faults, headers=headers)
