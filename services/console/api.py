"""The pages, at the root: they show, and change nothing."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of endpoints made inside a function.

from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from services.console.templates.render import Pages
from services.console.views.alert import see_alert
from services.console.views.tonight import see_tonight
from services.contracts.errors import NotFoundError, RetryableError
from services.kit.auth import Principal, requires
from services.kit.context import Kit
from services.kit.edge import csp_nonce
from services.kit.observation import Observation
from services.kit.problems import RETRY_AFTER_SECONDS, ProblemError, challenge

Reader = Annotated[Principal, requires("alerts:read")]
AlertId = Annotated[str, Path(max_length=200, description="The alert's id.")]
Handler = Callable[[Request], Coroutine[Any, Any, Response]]

# A night's page is stale at the next mention, and holds names: no cache keeps it, the browser's neither.
_HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
_HTML = {"text/html": {"schema": {"type": "string"}}}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The page.", "content": _HTML},
    401: {"description": "No token, or one that is unknown, expired or revoked.", "content": _HTML},
    403: {"description": "The token may not read alerts.", "content": _HTML},
    503: {"description": "The database is away; try again after `Retry-After` seconds.", "content": _HTML},
}
_MISSING: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such alert.", "content": _HTML}
}


def page_router(kit: Kit, pages: Pages, *, zone: str, fallback: bool) -> APIRouter:
    """`/` and `/a/{alert_id}`, for browsers, which send the token as a password.

    Args:
        kit: The plumbing.
        pages: What writes the HTML.
        zone: IANA zone of brands without a coverage.
        fallback: Whether somebody is told when nobody else can be.
    """
    router = APIRouter(tags=["console"], route_class=_route_of(pages))
    language = kit.settings.language

    async def tonight(request: Request, _: Reader) -> HTMLResponse:
        """What needs somebody now, who is there, and what is being said."""
        observation: Observation = request.app.state.observation
        health = await observation.checks()
        async with kit.database.transaction() as tx:
            seen = await see_tonight(tx, now=kit.clock.now(), language=language, zone=zone, fallback=fallback)
        return HTMLResponse(pages.tonight(seen, health=health, nonce=csp_nonce(request)), headers=_HEADERS)

    async def alert(alert_id: AlertId, request: Request, _: Reader) -> HTMLResponse:
        """One alert: why, the worst mentions, who was paged and how it went, and what happened."""
        identifier = _uuid(alert_id)
        async with kit.database.transaction() as tx:
            page = await see_alert(tx, identifier, now=kit.clock.now(), language=language, zone=zone)
        if page is None:
            raise NotFoundError("alert", identifier)
        return HTMLResponse(pages.alert(page, nonce=csp_nonce(request)), headers=_HEADERS)

    for path, show, responses in (
        ("/", tonight, _RESPONSES),
        ("/a/{alert_id}", alert, _RESPONSES | _MISSING),
    ):
        shape: dict[str, Any] = {"response_class": HTMLResponse, "responses": responses}
        name = f"see_{show.__name__}"
        router.add_api_route(path, show, methods=["GET"], name=name, **shape)
        router.add_api_route(
            path, show, methods=["HEAD"], name=f"peek_{name}", include_in_schema=False, **shape
        )
    return router


def _route_of(pages: Pages) -> type[APIRoute]:
    """Routes whose refusals are pages too: whoever has closed the browser's question should read what it was."""

    class PageRoute(APIRoute):
        def get_route_handler(self) -> Handler:
            handle = super().get_route_handler()

            async def handled(request: Request) -> Response:
                try:
                    return await handle(request)
                except NotFoundError:
                    return _error(pages, request, 404)
                except RetryableError:
                    return _error(pages, request, 503, {"Retry-After": str(RETRY_AFTER_SECONDS)})
                except ProblemError as error:
                    if error.status not in _RESPONSES:
                        raise
                    return _error(pages, request, error.status)

            return handled

    return PageRoute


def _error(
    pages: Pages, request: Request, status: int, headers: dict[str, str] | None = None
) -> HTMLResponse:
    answer = HTMLResponse(
        pages.error(status, nonce=csp_nonce(request)), status, headers=_HEADERS | (headers or {})
    )
    if status == 401:  # noqa: PLR2004 - the status that asks
        challenge(answer)
    return answer


def _uuid(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        raise NotFoundError("alert", given) from None
