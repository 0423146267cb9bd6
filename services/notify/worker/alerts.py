"""The consumer of alerts, and of the names of brands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from services.contracts import topics
from services.contracts.events import AlertGrew, AlertRaised, AlertSubsided, BrandDefined, BrandRemoved
from services.kit.consume import Consumer, Received
from services.kit.context import Kit
from services.kit.database import Transaction
from services.kit.deadletters import DeadLetter
from services.notify.handlers.grow_alert import grow_alert, subside_alert
from services.notify.handlers.raise_alert import raise_alert, raise_unreadable
from services.notify.settings.escalation import House
from services.notify.store.brands import remove_brand, save_brand

GROUP = "notify-alerts"
NO_BRAND = "unknown"
"""The brand of an alert whose message does not even tell that."""

_SLUG = re.compile(r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$")


def alert_consumer(kit: Kit, house: House) -> Consumer:
    """The worker that begins and grows alerts as rules says, and keeps the names of brands."""

    async def handle(tx: Transaction, batch: Sequence[Received]) -> None:
        for received in batch:
            # Decided by the hour at which it is read: that is who can be woken. Not by the writer's, whose clock may be
            # ahead of ours: what is planned by it would wait, unseen, until ours has caught up.
            await _handle(tx, received, at=kit.clock.now(), house=house)

    async def on_dead_letter(tx: Transaction, letter: DeadLetter) -> None:
        if letter.record.partition.topic != topics.ALERTS.name:
            return
        brand = letter.event.brand if letter.event else letter.record.key
        brand = brand if _SLUG.match(brand) else NO_BRAND
        await raise_unreadable(
            tx, brand=brand, cause=letter.id, error=letter.error, at=letter.failed_at, house=house
        )

    return Consumer(
        database=kit.database,
        bus=kit.bus,
        clock=kit.clock,
        group=GROUP,
        topics=[topics.BRANDS, topics.ALERTS],
        schema="notify",
        handle=handle,
        on_dead_letter=on_dead_letter,
    )


async def _handle(tx: Transaction, received: Received, *, at: datetime, house: House) -> None:
    match received.event:
        case AlertRaised() as raised:
            await raise_alert(tx, raised, at=at, house=house)
        case AlertGrew() as grew:
            await grow_alert(tx, grew, at=at, house=house)
        case AlertSubsided() as subsided:
            await subside_alert(tx, subsided, at=at, house=house)
        case BrandDefined() as defined:
            await save_brand(tx, brand=defined.brand, name=defined.name, revision=defined.revision)
        case BrandRemoved() as removed:
            await remove_brand(tx, brand=removed.brand, revision=removed.revision)
        case _:
            # A newer writer may say more on these topics than this version knows how to use.
            return
