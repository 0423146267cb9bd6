"""Hours that change while an alert is being held by them: it is decided by the new ones, not forgotten by both."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.contracts.coverage import CoverageSpec
from services.contracts.errors import RetryableError
from services.contracts.values import Playbook, Severity
from services.kit.clock import ManualClock
from services.kit.context import Kit
from services.notify.handlers.raise_alert import raise_by_hand
from services.notify.settings.escalation import House
from services.notify.store.coverages import COVERAGES
from services.notify.store.runs import find_run

ALWAYS = [{"days": [1, 2, 3, 4, 5], "start": "09:00", "end": "18:00"}]


def hours(**changes: object) -> CoverageSpec:
    return CoverageSpec.model_validate({"brand": "lumen", "windows": ALWAYS, **changes})


async def close_today(kit: Kit) -> None:
    spec = hours(closures=[{"first": "2026-03-02", "last": "2026-03-02", "reason": "Fermé"}])
    async with kit.database.transaction() as tx:
        await COVERAGES.replace(tx, id="lumen", doc=spec, expected=None, by="ops", at=kit.clock.now())


async def _waits_or_is_done(kit: Kit, change: asyncio.Task[None]) -> None:
    waiting = text("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)")
    while not change.done():
        async with kit.database.reading() as connection:
            if await connection.scalar(waiting):
                return


async def test_a_run_held_while_its_hours_change_is_woken_by_the_change(kit: Kit, clock: ManualClock) -> None:
    async with kit.database.transaction() as tx:
        await COVERAGES.create(tx, id="lumen", doc=hours(), by="ops", at=clock.now())
    clock.advance(hours=1)
    async with kit.database.transaction() as tx:
        # Monday, ten in the morning: the team is there, so it waits for the evening. Not committed yet.
        alert = await raise_by_hand(
            tx,
            brand="lumen",
            headline="Ça monte",
            severity=Severity.CRITICAL,
            words="",
            playbook=Playbook(),
            actor="alice",
            at=clock.now(),
            house=House(),
        )
        change = asyncio.create_task(close_today(kit))
        await asyncio.wait_for(_waits_or_is_done(kit, change), 30)
    await change
    async with kit.database.transaction() as tx:
        run = await find_run(tx, alert)
    assert run is not None
    assert run.next_due_at == clock.now(), "it goes on waiting for a team that is not there"


async def test_what_is_decided_while_hours_change_is_decided_again(kit: Kit, clock: ManualClock) -> None:
    house, at = House(), clock.now() + timedelta(hours=1)

    async def decide() -> None:
        async with kit.database.transaction() as tx:
            await raise_by_hand(
                tx,
                brand="lumen",
                headline=str(uuid4()),
                severity=Severity.CRITICAL,
                words="",
                playbook=Playbook(),
                actor="alice",
                at=at,
                house=house,
            )

    async with kit.database.transaction() as tx:
        await COVERAGES.create(tx, id="lumen", doc=hours(), by="ops", at=clock.now())
        with pytest.raises(RetryableError):
            await decide()
    await decide()
