"""Handovers: what the team finds when it comes on duty."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of endpoints made inside a function.

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.contracts.values import Slug
from services.kit.auth import Principal, requires
from services.kit.context import Kit
from services.kit.paging import After, Limit, Page, decode_cursor, encode_cursor, page_of
from services.kit.problems import PROBLEMS
from services.notify.domain.handover import Handover
from services.notify.store.handovers import get_handover, newest_handovers
from services.notify.store.ledger import LedgerDelivery, deliveries_of_handovers
from services.notify.templates.render import handover_message

Reader = Annotated[Principal, requires("handovers:read")]


class HandoverView(Handover):
    """A handover, as figures and as it was written to the team."""

    subject: str
    text: str = Field(description="In the team's language and zone.")
    deliveries: tuple[LedgerDelivery, ...]


def handover_router(kit: Kit) -> APIRouter:
    """`/handovers`."""
    router = APIRouter(prefix="/handovers", tags=["handovers"])

    @router.get("", name="list_handovers")
    async def list_handovers(
        _: Reader, brand: Slug | None = None, after: After = None, limit: Limit = 100
    ) -> Page[HandoverView]:
        """Handovers, newest first."""
        start = decode_cursor(after, datetime, UUID) if after else None
        async with kit.database.transaction() as tx:
            found = await newest_handovers(
                tx, brand=brand, after=(start[0], start[1]) if start else None, limit=limit + 1
            )
            sends = await deliveries_of_handovers(tx, [one.id for one in found])
        views = [_view(one, sends.get(one.id, ())) for one in found]
        return page_of(views, limit, lambda last: encode_cursor(last.at, last.id))

    @router.get("/{id}", name="read_handover", responses={404: PROBLEMS[404]})
    async def read_handover(id: UUID, _: Reader) -> HandoverView:  # noqa: A002
        """One handover."""
        async with kit.database.transaction() as tx:
            found = await get_handover(tx, id)
            sends = await deliveries_of_handovers(tx, [id])
        return _view(found, sends.get(id, ()))

    return router


def _view(handover: Handover, sends: tuple[LedgerDelivery, ...]) -> HandoverView:
    message = handover_message(handover)
    return HandoverView(**dict(handover), subject=message.subject, text=message.text, deliveries=sends)
