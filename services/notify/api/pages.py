"""The ledger of pages, and what the sandbox recorded."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of endpoints made inside a function.

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from services.contracts.values import Slug
from services.kit.auth import Principal, requires
from services.kit.context import Kit
from services.kit.paging import After, Limit, Page, decode_cursor, encode_cursor, page_of
from services.kit.problems import PROBLEMS
from services.notify.domain.page import DeliveryState
from services.notify.store.ledger import LedgerPage, PageFilter, get_page, newest_pages
from services.notify.store.sandbox import SandboxMessage, recorded

Reader = Annotated[Principal, requires("pages:read")]


def page_router(kit: Kit) -> APIRouter:
    """`/pages` and `/sandbox/messages`."""
    router = APIRouter(tags=["pages"])

    @router.get("/pages", name="list_pages")
    async def list_pages(
        _: Reader,
        alert: UUID | None = None,
        responder: Slug | None = None,
        state: DeliveryState | None = None,
        after: After = None,
        limit: Limit = 100,
    ) -> Page[LedgerPage]:
        """Who was paged, newest first, with every send; `state` finds pages that have a send in that state."""
        start = decode_cursor(after, datetime, UUID) if after else None
        wanted = PageFilter(alert, responder, state)
        async with kit.database.transaction() as tx:
            pages = await newest_pages(
                tx, wanted, after=(start[0], start[1]) if start else None, limit=limit + 1
            )
        return page_of(pages, limit, lambda last: encode_cursor(last.at, last.id))

    @router.get("/pages/{id}", name="read_page", responses={404: PROBLEMS[404]})
    async def read_page(id: UUID, _: Reader) -> LedgerPage:  # noqa: A002
        """One page, with every send."""
        async with kit.database.transaction() as tx:
            return await get_page(tx, id)

    @router.get("/sandbox/messages", name="list_sandbox_messages")
    async def list_sandbox_messages(
        _: Reader, alert: UUID | None = None, after: After = None, limit: Limit = 100
    ) -> Page[SandboxMessage]:
        """What the sandbox channel recorded instead of sending, oldest first."""
        number = decode_cursor(after, int)[0] if after else 0
        async with kit.database.transaction() as tx:
            messages = await recorded(tx, after=number, limit=limit + 1, alert_id=alert)
        return page_of(messages, limit, lambda last: encode_cursor(last.number))

    return router
