"""What rules do because time passes: situations end."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.kit.context import Kit
from services.kit.runtime import Ticker
from services.rules.handlers.subside_alerts import subside_alerts
from services.rules.store import episodes

_EVERY = timedelta(seconds=20)


def subside_ticker(kit: Kit) -> Ticker:
    """Closes what has been quiet for long enough."""

    async def tick(now: datetime) -> bool:
        async with kit.database.transaction() as tx:
            return await subside_alerts(tx, at=now)

    async def next_due(now: datetime) -> datetime | None:
        async with kit.database.transaction() as tx:
            due = await episodes.next_closing(tx)
        return due if due is not None and due > now else None

    return Ticker("rules-subside", _EVERY, tick, next_due)
