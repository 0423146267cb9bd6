"""The page behind the short link in every page that was sent: looking changes nothing, answering acts."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of endpoints made inside a function.

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse

from services.kit.auth import public
from services.kit.context import Kit
from services.kit.edge import csp_nonce
from services.notify.handlers.answer_page import Answered, answer, show_page
from services.notify.settings.escalation import House
from services.notify.templates.render import link_page

Token = Annotated[str, Path(max_length=200, description="Page, end of validity and signature.")]
Said = Annotated[
    Literal["taken", "declined"], Form(alias="answer", description="Take the alert, or pass it on.")
]

_STATUS = {"unknown": 404, "expired": 410}
_HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
_HTML = {"text/html": {"schema": {"type": "string"}}}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The alert as it stands.", "content": _HTML},
    404: {"description": "The link is incomplete or was changed.", "content": _HTML},
    410: {"description": "The link has expired.", "content": _HTML},
}


def link_router(kit: Kit, house: House) -> APIRouter:
    """`/p/{token}`, at the root: short enough for an SMS, public because the token is the permission."""
    router = APIRouter(prefix="/p", tags=["links"], dependencies=[public("signed link")])

    async def look(token: Token, request: Request) -> HTMLResponse:
        """What happens, and two buttons. Changes nothing: link previews and mail scanners look too."""
        async with kit.database.transaction() as tx:
            return _shown(await show_page(tx, kit, token), request)

    async def act(token: Token, request: Request, said: Said) -> HTMLResponse:
        """Take the alert, or pass it on to the next. Again changes nothing more."""
        async with kit.database.transaction() as tx:
            return _shown(await answer(tx, kit, token, said=said, house=house), request)

    shape: dict[str, Any] = {"response_class": HTMLResponse, "responses": _RESPONSES}
    router.add_api_route("/{token}", look, methods=["GET"], name="look_at_page", **shape)
    router.add_api_route(
        "/{token}", look, methods=["HEAD"], name="peek_at_page", include_in_schema=False, **shape
    )
    router.add_api_route("/{token}", act, methods=["POST"], name="answer_page", **shape)
    return router


def _shown(answered: Answered, request: Request) -> HTMLResponse:
    html = link_page(
        answered.state,
        answered.language,
        nonce=csp_nonce(request),
        facts=answered.facts,
        who=answered.who,
        when=answered.when,
        verdict=answered.verdict,
    )
    return HTMLResponse(html, status_code=_STATUS.get(answered.state, 200), headers=_HEADERS)
