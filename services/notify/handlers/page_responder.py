"""Decide to page: a row for the page and one for each send. Nothing leaves here; the sender takes it from there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.contracts.ids import derived
from services.contracts.values import Reason
from services.kit.database import Transaction
from services.notify.domain.page import FALLBACK, Page, Send, sends_to
from services.notify.domain.responder import Language, Responder
from services.notify.settings.delivery import DeliverySettings
from services.notify.store.pages import insert_page
from services.notify.store.responders import find_responder
from services.notify.templates.words import say


@dataclass(frozen=True, slots=True)
class PageOutcome:
    """What came of a wish to page somebody.

    Attributes:
        page_id: The page; None when nobody can be paged this way, and the caller must go on to somebody else.
        reason: `paged`, `responder_unknown`, `responder_inactive`, `no_contact`; for the fallback `fallback_paged`,
            `no_fallback`. The caller puts it on the timeline.
    """

    page_id: UUID | None
    reason: Reason


async def page_responder(
    tx: Transaction,
    *,
    alert_id: UUID,
    responder_id: str,
    round: int,  # noqa: A002 - a policy's rounds are called so everywhere
    step: int,
    at: datetime,
    language: Language = "fr",
) -> PageOutcome:
    """Queue a page to every contact of a responder, all at once.

    Asking again for the same alert, round, step and person changes nothing. `language` is that of the reasons.
    """
    responder = await find_responder(tx, responder_id)
    refusal = _refusal(responder)
    if responder is None or refusal:
        name = responder.name if responder else responder_id
        return PageOutcome(None, Reason(code=refusal, text=say(refusal, language, name=name)))
    reason = Reason(code="paged", text=say("paged", language, name=responder.name))
    page = Page(
        id=derived("page", alert_id, round, step, responder_id),
        alert_id=alert_id,
        kind="responder",
        responder_id=responder_id,
        responder_name=responder.name,
        language=responder.language,
        zone=responder.zone,
        round=round,
        step=step,
        reason=reason,
        created_at=at,
    )
    await insert_page(tx, page, sends_to(responder.contacts, at=at, page_id=page.id, alert_id=alert_id))
    return PageOutcome(page.id, reason)


async def page_fallback(
    tx: Transaction,
    *,
    alert_id: UUID,
    why: Reason,
    at: datetime,
    language: Language = "fr",
    settings: DeliverySettings | None = None,
) -> PageOutcome:
    """Queue a page to the installation's fallback, saying why nobody else could be reached.

    Once per alert, reason and instant. `settings` are those of the process when not given.
    """
    if (settings or DeliverySettings()).fallback_url is None:
        return PageOutcome(None, Reason(code="no_fallback", text=say("no_fallback", language, why=why.text)))
    page = Page(
        id=derived("page", alert_id, FALLBACK, why.code, at.isoformat()),
        alert_id=alert_id,
        kind="fallback",
        responder_id=None,
        responder_name=say("fallback", language),
        language=language,
        zone="UTC",
        round=0,
        step=-1,
        reason=why,
        created_at=at,
    )
    # The address is a setting and a secret: the sender reads it when it sends, and it is never copied to a row.
    send = Send(
        page_id=page.id,
        handover_id=None,
        alert_id=alert_id,
        position=0,
        attempt=1,
        kind=FALLBACK,
        provider=FALLBACK,
        address="",
        masked=FALLBACK,
        not_before=at,
    )
    await insert_page(tx, page, [send])
    return PageOutcome(
        page.id, Reason(code="fallback_paged", text=say("fallback_paged", language, why=why.text))
    )


def _refusal(responder: Responder | None) -> str:
    """Why this person cannot be paged; empty when they can."""
    if responder is None:
        return "responder_unknown"
    if not responder.active:
        return "responder_inactive"
    return "" if responder.contacts else "no_contact"
