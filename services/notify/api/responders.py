"""Responders and teams, and the test page that proves that a contact works."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of endpoints made inside a function.

import asyncio
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.contracts.errors import NotFoundError
from services.contracts.values import Slug
from services.kit import audit
from services.kit.auth import Principal, requires
from services.kit.context import Kit
from services.kit.problems import PROBLEMS
from services.kit.resources import resource_router
from services.notify.channels.registry import Channels
from services.notify.domain.message import Message
from services.notify.domain.page import DeliveryState
from services.notify.domain.responder import Contact, ContactKind
from services.notify.handlers.keep_contacts import responders, teams
from services.notify.settings.delivery import DeliverySettings
from services.notify.store.responders import find_responder
from services.notify.templates.render import trial_message

Writer = Annotated[Principal, requires("responders:write")]


class ContactProof(BaseModel):
    """What came of a test message to one contact."""

    channel: ContactKind
    address: str = Field(description="Masked.")
    state: DeliveryState = Field(
        description="`sent`, `failed`, or `uncertain` when it took too long to tell."
    )
    code: str = Field(description="The provider's own word for it, or ours.")
    detail: str


class PageTrial(BaseModel):
    """A test page: one message to each contact, sent now."""

    responder: str
    proofs: list[ContactProof]


def responder_routers(kit: Kit, settings: DeliverySettings) -> list[APIRouter]:
    """`/responders`, with `/responders/{id}/test-page`, and `/teams`."""
    people = resource_router(kit, responders(kit), path="/responders", noun="responders", tag="responders")
    channels = Channels(kit, settings)

    @people.post("/{id}/test-page", name="send_test_page", responses={404: PROBLEMS[404]})
    async def send_test_page(id: Slug, principal: Writer) -> PageTrial:  # noqa: A002
        """Send a real message to every contact of a responder, and say what each provider answered."""
        async with kit.database.transaction() as tx:
            responder = await find_responder(tx, id)
            if responder is None:
                raise NotFoundError("responder", id)
            await audit.record(
                tx,
                actor=principal.name,
                action="test-page",
                kind="responder",
                identifier=id,
                at=kit.clock.now(),
            )
        message = trial_message(responder.name, responder.language)
        proofs = await asyncio.gather(*(_prove(channels, one, message) for one in responder.contacts))
        return PageTrial(responder=id, proofs=proofs)

    return [people, resource_router(kit, teams(kit), path="/teams", noun="teams", tag="responders")]


async def _prove(channels: Channels, contact: Contact, message: Message) -> ContactProof:
    result = await channels.attempt(contact.kind.value, contact.address, message)
    return ContactProof(
        channel=contact.kind,
        address=contact.masked,
        state=result.state,
        code=result.code,
        detail=result.detail,
    )
