"""The default rules of a new installation."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from services.kit.database import Transaction
from services.kit.resources import Collection
from services.rules.domain.default import default_rules
from services.rules.domain.rule import Rule
from services.rules.store import rulebook


async def seed_rules(
    tx: Transaction, collection: Collection[Rule], *, tongue: Literal["fr", "en"], at: datetime
) -> bool:
    """Create the default rules that were never created before. True if there was any.

    One that somebody deleted stays deleted; an id that somebody took first is left to them.
    """
    created = False
    for rule_id, rule in default_rules(tongue).items():
        if not await rulebook.sow(tx, rule_id, at=at):
            continue
        if await collection.find(tx, rule_id) is None:
            await collection.create(tx, id=rule_id, doc=rule, by="veilleur", at=at)
            created = True
    return created
