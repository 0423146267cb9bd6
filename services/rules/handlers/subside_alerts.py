"""A situation that has been quiet for long enough is over, and says so."""

from __future__ import annotations

from datetime import datetime

from services.kit import outbox
from services.kit.database import Transaction
from services.rules.store import brands, episodes

_BRANDS = 100  # whose turn one tick takes at once; the next tick goes on


async def subside_alerts(tx: Transaction, *, at: datetime) -> bool:
    """Close every situation that is due at `at`, and tell `AlertSubsided`. True if there was any."""
    due = await episodes.brands_due(tx, at=at, limit=_BRANDS)
    if not due:
        return False
    turns = await brands.take_turns(tx, due)
    # Read again under the turn: a batch may just have seen another hit.
    over = [episode for episode in await episodes.open_episodes(tx, due) if episode.closes_at <= at]
    await episodes.save(tx, over, [], at=at)
    # Nothing of a brand is changed without writing its row: see `Turn.version`.
    await brands.save(tx, {brand: turn.standing for brand, turn in turns.of.items()})
    await outbox.write(tx, "rules", [episode.subsided(at) for episode in over], occurred_at=at)
    return bool(over)
