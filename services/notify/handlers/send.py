"""From a queued delivery to a message in hand, and from its result back to the ledger, the timeline, the next attempt.

The sender commits the claim before it sends, and records after. What lies between is the only place where a send
can be lost from sight; its lease then says so, and it is sent again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from services.contracts.values import Reason
from services.kit.context import Kit
from services.kit.database import Transaction
from services.notify.domain.alert import Alert
from services.notify.domain.handover import Handover
from services.notify.domain.message import Message, PageFacts
from services.notify.domain.page import FALLBACK, DeliveryState, Page, Send, backoff
from services.notify.domain.responder import Language
from services.notify.handlers.page_responder import page_fallback
from services.notify.handlers.sign_link import link_to
from services.notify.settings.delivery import DeliverySettings
from services.notify.store import deliveries
from services.notify.store.alerts import get_alerts
from services.notify.store.deliveries import Claimed, Outcome
from services.notify.store.handovers import handovers_by_id
from services.notify.store.pages import find_pages, queue_sends
from services.notify.store.timeline import add_entry
from services.notify.templates.render import handover_message, page_message
from services.notify.templates.words import say

ACTOR = "veilleur"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Errand:
    """A claimed send with everything it may speak of."""

    claimed: Claimed
    page: Page | None = None
    alert: Alert | None = None
    handover: Handover | None = None


async def claim_sends(
    tx: Transaction,
    kit: Kit,
    settings: DeliverySettings,
    *,
    busy: Mapping[str, int],
    claim_id: UUID,
) -> list[Errand]:
    """Claim what is due, for each provider as many as it has room for beside the `busy` ones."""
    at = kit.clock.now()
    await deliveries.sweep_answered(tx, at=at)
    rooms = {
        lane: room
        for lane in await deliveries.lanes(tx, at=at)
        if (room := settings.sends_per_provider - busy.get(lane, 0)) > 0
    }
    claimed = await deliveries.claim(tx, rooms, claim_id=claim_id, at=at, lease=settings.send_lease)
    return await _with_facts(tx, claimed)


async def _with_facts(tx: Transaction, claimed: Sequence[Claimed]) -> list[Errand]:
    if not claimed:
        return []
    sends = [one.send for one in claimed]
    pages = await find_pages(tx, [send.page_id for send in sends if send.page_id])
    alerts = await get_alerts(tx, list({send.alert_id for send in sends if send.alert_id}))
    handovers = await handovers_by_id(tx, [send.handover_id for send in sends if send.handover_id])
    return [
        Errand(
            one,
            pages.get(one.send.page_id) if one.send.page_id else None,
            alerts.get(one.send.alert_id) if one.send.alert_id else None,
            handovers.get(one.send.handover_id) if one.send.handover_id else None,
        )
        for one in claimed
    ]


def write_message(kit: Kit, errand: Errand) -> Message:
    """The message of an errand, in its reader's language and zone."""
    if errand.page is not None and errand.alert is not None:
        link = link_to(kit, errand.page.id, at=kit.clock.now())
        message = page_message(page_facts(errand.alert, errand.page, link=link))
    elif errand.handover is not None:
        message = handover_message(errand.handover)
    else:
        raise LookupError(f"The delivery {errand.claimed.id} speaks of nothing that exists.")
    send = errand.claimed.send
    return replace(message, delivery_id=errand.claimed.id, page_id=send.page_id, alert_id=send.alert_id)


def page_facts(alert: Alert, page: Page, *, link: str) -> PageFacts:
    """What a page may say about its alert."""
    return PageFacts(
        reader=page.responder_name,
        language=page.language,
        zone=page.zone,
        brand_name=alert.brand_name,
        headline=alert.headline,
        severity=alert.severity,
        began_at=alert.began_at,
        raised_at=alert.raised_at,
        off_hours=alert.off_hours,
        situation=alert.situation if alert.situation.mentions else None,
        mentions=alert.mentions,
        playbook=alert.playbook,
        why_you=page.reason.text if page.kind == "fallback" else "",
        link=link,
    )


async def lapse_sends(tx: Transaction, kit: Kit, settings: DeliverySettings) -> int:
    """Mark what was claimed and never reported as uncertain, and queue it again at once."""
    at = kit.clock.now()
    lapsed = await deliveries.lapse(tx, at=at)
    outcomes = [Outcome(one, DeliveryState.UNCERTAIN, "lease_lapsed", retry=True) for one in lapsed]
    await _follow_up(tx, kit, settings, outcomes, at=at, patience=False)
    return len(lapsed)


async def record_sends(
    tx: Transaction, kit: Kit, settings: DeliverySettings, outcomes: Sequence[Outcome]
) -> None:
    """Write what became of sends, tell the timelines, queue next attempts, and go to the fallback for lost pages."""
    at = kit.clock.now()
    alerts = [one.claimed.send.alert_id for one in outcomes if one.claimed.send.alert_id]
    # Before the ledger rows, as whoever answers an alert does: the same order everywhere, so that none wait in a ring.
    await deliveries.lock_alerts(tx, alerts)
    recorded = await deliveries.record(tx, outcomes, at=at)
    # What follows from a result follows once, however often it is told: else a second page to the fallback would.
    news = [one for one in outcomes if one.claimed.id in recorded]
    await _follow_up(tx, kit, settings, news, at=at, patience=True)


async def _follow_up(
    tx: Transaction,
    kit: Kit,
    settings: DeliverySettings,
    outcomes: Sequence[Outcome],
    *,
    at: datetime,
    patience: bool,
) -> None:
    if not outcomes:
        return
    language = kit.settings.language
    names = await find_pages(tx, [one.claimed.send.page_id for one in outcomes if one.claimed.send.page_id])
    again: list[Send] = []
    for outcome in outcomes:
        send = outcome.claimed.send
        wait = backoff(send.attempt) if patience else timedelta()
        retries = outcome.retry and send.attempt < settings.max_attempts
        if retries:
            again.append(replace(send, attempt=send.attempt + 1, not_before=at + wait))
        page = names.get(send.page_id) if send.page_id else None
        if (
            outcome.state is not DeliveryState.SENT
            and not retries
            and page is not None
            and page.kind == FALLBACK
        ):
            # Behind it there is nobody. Its failures are counted by channel, and reminders try it again.
            _log.critical("The fallback cannot be told about alert %s: %s", page.alert_id, outcome.code)
        if page is not None:
            await _tell(tx, outcome, page, language=language, at=at, wait=wait if retries else None)
        elif outcome.state is DeliveryState.FAILED and not retries:
            _log.error("A handover could not be sent by %s: %s", send.provider, outcome.code)
    await queue_sends(tx, again, at=at)
    await _rescue(tx, kit, settings, outcomes, names, at=at)


async def _tell(
    tx: Transaction,
    outcome: Outcome,
    page: Page,
    *,
    language: Language,
    at: datetime,
    wait: timedelta | None,
) -> None:
    send = outcome.claimed.send
    if outcome.state is DeliveryState.SENT:
        code = "page_sent"
    elif wait is None:
        code = "page_failed"
    else:
        code = "send_uncertain" if outcome.state is DeliveryState.UNCERTAIN else "send_retried"
    sentence = say(
        code,
        language,
        channel=say(f"channel_{send.kind}", language),
        name=page.responder_name,
        code=outcome.code,
        minutes=int(wait.total_seconds() // 60) if wait else 0,
    )
    data = {
        "page_id": str(page.id),
        "delivery_id": str(outcome.claimed.id),
        "responder": page.responder_id,
        "channel": send.kind,
        "attempt": send.attempt,
        "code": outcome.code,
    }
    await add_entry(
        tx, alert_id=page.alert_id, reason=Reason(code=code, text=sentence), actor=ACTOR, at=at, data=data
    )


async def _rescue(
    tx: Transaction,
    kit: Kit,
    settings: DeliverySettings,
    outcomes: Sequence[Outcome],
    names: Mapping[UUID, Page],
    *,
    at: datetime,
) -> None:
    """Page the fallback for people whom no channel reached, while their alert is unanswered."""
    ended = [one.claimed.send.page_id for one in outcomes if one.state is not DeliveryState.SENT]
    lost = await deliveries.lost_pages(tx, [page_id for page_id in ended if page_id])
    if not lost:
        return
    unanswered = await deliveries.lock_alerts(tx, [names[page_id].alert_id for page_id in lost])
    language = kit.settings.language
    for page_id in sorted(lost):
        page = names[page_id]
        if not unanswered.get(page.alert_id):
            continue
        why = Reason(
            code="page_undelivered", text=say("page_undelivered", language, name=page.responder_name)
        )
        data = {"page_id": str(page_id), "responder": page.responder_id}
        await add_entry(tx, alert_id=page.alert_id, reason=why, actor=ACTOR, at=at, data=data)
        outcome = await page_fallback(
            tx, alert_id=page.alert_id, why=why, at=at, language=language, settings=settings
        )
        if outcome.page_id is None:
            _log.critical("Nobody can be reached about alert %s, and there is no fallback.", page.alert_id)
        fallback = str(outcome.page_id) if outcome.page_id else None
        await add_entry(
            tx,
            alert_id=page.alert_id,
            reason=outcome.reason,
            actor=ACTOR,
            at=at,
            data={"page_id": fallback},
        )
