"""Rules on the bus: mentions in the order of each brand, and coverage."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal

from services.contracts import topics
from services.contracts.events import CoverageDefined, CoverageRemoved, MentionFound
from services.kit.consume import Consumer, Received
from services.kit.context import Kit
from services.kit.database import Transaction
from services.kit.resources import Collection
from services.rules.domain.rule import Rule
from services.rules.handlers.assess_mentions import AssessMentions
from services.rules.handlers.project_coverage import project_coverage
from services.rules.handlers.seed_rules import seed_rules

GROUP = "rules-mentions"


def mentions_consumer(kit: Kit, assess: AssessMentions, *, batch: int) -> Consumer:
    """The consumer group of this service."""

    async def handle(tx: Transaction, received: Sequence[Received]) -> None:
        # Coverage first: duty hours known in this batch hold for its mentions.
        for each in received:
            if isinstance(each.event, CoverageDefined | CoverageRemoved):
                await project_coverage(tx, each.event)
        await assess(tx, [each.event for each in received if isinstance(each.event, MentionFound)])

    return Consumer(
        database=kit.database,
        bus=kit.bus,
        clock=kit.clock,
        group=GROUP,
        topics=(topics.MENTIONS, topics.COVERAGE),
        schema="rules",
        handle=handle,
        batch=batch,
    )


class Seeder:
    """A worker that creates the default rules once, at the first start, and then has nothing to do.

    Args:
        kit: The plumbing.
        collection: The rules.
        tongue: In which to write them.
    """

    name = "rules-seeder"

    def __init__(self, kit: Kit, collection: Collection[Rule], tongue: Literal["fr", "en"]) -> None:
        self._kit = kit
        self._collection = collection
        self._tongue: Literal["fr", "en"] = tongue
        self._done = False

    async def run_once(self, *, wait: float) -> bool:
        """Create what was never created. See `Worker.run_once`."""
        if self._done:
            await asyncio.sleep(wait)
            return False
        async with self._kit.database.transaction() as tx:
            created = await seed_rules(tx, self._collection, tongue=self._tongue, at=self._kit.clock.now())
        self._done = True
        return created

    async def close(self) -> None:
        """Nothing is held."""
