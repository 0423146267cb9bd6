"""Page everybody a step points at; whoever cannot be paged is named, with the reason."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from prometheus_client import Counter
from pydantic import ValidationError

from services.contracts.values import Reason
from services.kit.database import Transaction
from services.notify.domain.phrase import named
from services.notify.domain.policy import Target, TargetKind
from services.notify.domain.schedule import shift_at
from services.notify.handlers.page_responder import page_responder
from services.notify.settings.escalation import House
from services.notify.store.schedules import SCHEDULES
from services.notify.store.timeline import Noted, add_entries

_log = logging.getLogger(__name__)

PAGES = Counter("veilleur_notify_pages", "Attempts to page a target, by what came of it.", ["reason"])


async def page_targets(
    tx: Transaction,
    targets: Sequence[Target],
    *,
    alert_id: UUID,
    round: int,  # noqa: A002 - a policy's rounds are called so everywhere
    step: int,
    at: datetime,
    house: House,
) -> int:
    """Page the targets at once, one page a person, and return how many people were paged.

    Timeline: `paged`, or `schedule_unknown`, `slot_empty`, `responder_unknown`, `responder_inactive`, `no_contact`.
    """
    noted: list[Noted] = []
    seen: set[str] = set()
    reached = 0
    for target in targets:
        place = {"kind": target.kind.value, "target": target.id, "round": round, "step": step}
        responder = await _person(tx, target, at=at, house=house)
        if isinstance(responder, Reason):
            noted.append((responder, place))
            PAGES.labels(responder.code).inc()
            continue
        if responder in seen:
            continue
        seen.add(responder)
        outcome = await page_responder(
            tx,
            alert_id=alert_id,
            responder_id=responder,
            round=round,
            step=step,
            at=at,
            language=house.language,
        )
        reached += outcome.page_id is not None
        page = str(outcome.page_id) if outcome.page_id else None
        noted.append((outcome.reason, {**place, "responder": responder, "page": page}))
        PAGES.labels(outcome.reason.code).inc()
    await add_entries(tx, alert_id=alert_id, noted=noted, actor="veilleur", at=at)
    return reached


async def _person(tx: Transaction, target: Target, *, at: datetime, house: House) -> str | Reason:
    """The responder that a target means at `at`, or why it means nobody."""
    if target.kind is TargetKind.RESPONDER:
        return target.id
    try:
        schedule = await SCHEDULES.find(tx, target.id)
    except ValidationError:
        _log.exception("The schedule '%s' cannot be read", target.id)
        schedule = None
    if schedule is None:
        return named("schedule_unknown", house.language, schedule=target.id)
    shift = shift_at(schedule.doc, at)
    if shift is None:
        return named("slot_empty", house.language, schedule=schedule.doc.name)
    return shift.responder
