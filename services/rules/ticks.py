"""What rules do because time passes: situations end."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.kit.agenda import Agenda
from services.kit.context import Kit
from services.kit.runtime import Ticker
from services.rules.handlers.subside_alerts import subside_alerts
from services.rules.store import episodes

_EVERY = timedelta(seconds=20)


def subside_ticker(kit: Kit) -> Ticker:
    """Closes what has been quiet for long enough."""
    closing = Agenda(kit.database, episodes.TOUCHED, episodes.next_closing)

    async def tick(now: datetime) -> bool:
        # Looked at without a transaction first: nearly every look finds nothing.
        if not await closing.is_due(now):
            return False
        async with kit.database.transaction() as tx:
            return await subside_alerts(tx, at=now)

    async def next_due(now: datetime) -> datetime | None:
        due = await closing.first(after=now)
        return due if due is not None and due > now else None

    return Ticker("rules-subside", _EVERY, tick, next_due)
