"""Somebody answers a page by its link: they take the alert, or pass it on to the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.contracts.values import Reason
from services.kit.context import Kit
from services.kit.database import Transaction
from services.notify.domain.alert import Alert, AlertState, Verdict
from services.notify.domain.message import PageFacts
from services.notify.domain.page import Page
from services.notify.domain.responder import Language
from services.notify.handlers.acknowledge_alert import acknowledge_alert
from services.notify.handlers.escalate_alert import escalate_alert
from services.notify.handlers.send import page_facts
from services.notify.handlers.sign_link import read_link
from services.notify.settings.escalation import House
from services.notify.store.alerts import get_alert
from services.notify.store.pages import answer_page, answer_to, find_page, is_last_word
from services.notify.store.timeline import add_entry
from services.notify.templates.render import LinkState
from services.notify.templates.words import say

Answer = Literal["taken", "declined"]


@dataclass(frozen=True, slots=True)
class Answered:
    """What a link shows after, or without, an answer.

    Attributes:
        state: `expired` and `unknown` come without facts.
        who: Who took the alert, or closed it.
        when: When it was taken or closed.
        verdict: What a closed alert turned out to be.
    """

    state: LinkState
    language: Language
    facts: PageFacts | None = None
    who: str = ""
    when: datetime | None = None
    verdict: Verdict | None = None


async def show_page(tx: Transaction, kit: Kit, token: str) -> Answered:
    """What the link of `token` shows now. Changes nothing."""
    found = await _found(tx, kit, token)
    if isinstance(found, Answered):
        return found
    page, alert = found
    return await _standing(tx, page, alert)


async def answer(tx: Transaction, kit: Kit, token: str, *, said: Answer, house: House) -> Answered:
    """Act on an answer: the alert is theirs, or its next step comes now. Answering twice changes nothing more."""
    found = await _found(tx, kit, token, lock=True)
    if isinstance(found, Answered):
        return found
    page, alert = found
    if alert.state is not AlertState.OPEN:
        return await _standing(tx, page, alert)
    at = kit.clock.now()
    if said == "taken":
        await acknowledge_alert(
            tx, alert_id=alert.id, actor=page.responder_name, at=at, language=kit.settings.language
        )
        await answer_page(tx, page_id=page.id, answer=said, at=at)
    elif await answer_page(tx, page_id=page.id, answer=said, at=at):
        await _pass_on(tx, page, at=at, house=house)
    return await _standing(tx, page, await get_alert(tx, alert.id))


async def _found(
    tx: Transaction, kit: Kit, token: str, *, lock: bool = False
) -> tuple[Page, Alert] | Answered:
    link = read_link(kit.secrets, token)
    if link is None:
        return Answered("unknown", kit.settings.language)
    page = await find_page(tx, link.page_id)
    if page is None:
        return Answered("unknown", kit.settings.language)
    if kit.clock.now() >= link.expires_at:
        return Answered("expired", page.language)
    return page, await get_alert(tx, page.alert_id, lock=lock)


async def _standing(tx: Transaction, page: Page, alert: Alert) -> Answered:
    facts = page_facts(alert, page, link="")
    if alert.state is AlertState.RESOLVED:
        who, when = alert.resolved_by or "", alert.resolved_at
        return Answered("resolved", page.language, facts, who, when, alert.verdict)
    own = await answer_to(tx, page.id)
    if alert.state is AlertState.ACKNOWLEDGED:
        state: LinkState = "yours" if own == "taken" else "taken"
        return Answered(state, page.language, facts, alert.acknowledged_by or "", alert.acknowledged_at)
    return Answered("declined" if own == "declined" else "open", page.language, facts)


async def _pass_on(tx: Transaction, page: Page, *, at: datetime, house: House) -> None:
    """The next step comes now, unless it has come already or others of the same step may still answer."""
    reason = Reason(code="declined", text=say("declined", house.language, name=page.responder_name))
    data = {"page_id": str(page.id), "responder": page.responder_id}
    await add_entry(tx, alert_id=page.alert_id, reason=reason, actor=page.responder_name, at=at, data=data)
    if page.kind == "responder" and await is_last_word(tx, page):
        await escalate_alert(tx, alert_id=page.alert_id, actor=page.responder_name, at=at, house=house)
