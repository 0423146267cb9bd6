"""A crash at each point between reading, handling, publishing and marking changes nothing twice and loses nothing."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from sqlalchemy import text

from services.contracts import topics
from services.contracts.errors import RetryableError
from services.contracts.events import CoverageRemoved
from services.kit import outbox
from services.kit.bus import BusAwayError
from services.kit.outbox import Relay

EXPECTED = {"acme": 6, "globex": 6, "initech": 6}


class Killed(BaseException):
    """The process ends here: nothing after this line runs."""


FAILURES = {
    "killed": Killed,
    "cancelled": asyncio.CancelledError,
    "away": lambda: RetryableError("provider away"),
}


class Once:
    """Fails the first time it is called (once armed), then never again."""

    def __init__(self, failure, *, armed=True):
        self.left = int(armed)
        self._failure = failure

    async def __call__(self):
        if self.left:
            self.left -= 1
            raise self._failure()


class Unreliable:
    """A bus of another kind than the database: it breaks before or after the messages are out."""

    def __init__(self, bus, *, before=None, after=None):
        self._bus, self._before, self._after = bus, before, after

    async def publish(self, messages):
        if self._before:
            await self._before()
        await self._bus.publish(messages)
        if self._after:
            await self._after()


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("point", ["before", "handling", "handled", "before_commit", "after_commit"])
async def test_a_consumer_that_breaks_anywhere_has_its_effect_once(world, point, failure):
    once = Once(FAILURES[failure], armed=False)
    database = world.hooked()
    record = world.recording()

    async def handle(tx, received):
        if point == "handling":
            await once()
        await record(tx, received)
        if point == "handled":
            await once()

    await world.publish(EXPECTED)
    broken = world.consumer(database=database, handle=handle, bus=await world.wire.open(), batch=4)
    # The first transactions belong to joining; what breaks is a batch.
    await broken.run_once(wait=1)
    once.left = 1
    if point not in {"handling", "handled"}:
        setattr(database, point, once)
    with suppress(Killed, asyncio.CancelledError, RetryableError):
        while once.left:
            await broken.run_once(wait=1)
    assert not once.left, "it never broke"
    database.before = database.before_commit = database.after_commit = None
    if failure == "killed":
        await broken.close()
        broken = world.consumer(bus=await world.wire.open())
    await world.drive(broken, until=world.did(EXPECTED))
    await world.assert_once_in_order(EXPECTED)
    assert set((await broken.lag()).values()) == {0}


@pytest.mark.parametrize("failure", ["killed", "cancelled", "away"])
@pytest.mark.parametrize("point", ["before_publish", "after_publish", "before_commit", "after_commit"])
async def test_a_relay_that_breaks_anywhere_publishes_all_in_order(world, point, failure):
    once = Once(FAILURES[failure])
    await world.publish(EXPECTED)
    await world.drive(world.consumer(), until=world.did(EXPECTED))
    database = world.hooked()
    bus = Unreliable(
        world.bus,
        before=once if point == "before_publish" else None,
        after=once if point == "after_publish" else None,
    )
    if point in {"before_commit", "after_commit"}:
        setattr(database, point, once)
    relay = Relay(database, bus, "rules")
    with pytest.raises((Killed, asyncio.CancelledError, RetryableError)):
        await relay.run_once(wait=0)
    successor = Relay(database, bus, "rules")
    while await successor.run_once(wait=0):
        pass
    published = await world.read(topics.COVERAGE)
    ids = {one.id for one in published}
    assert len(ids) == sum(EXPECTED.values())
    for brand, count in EXPECTED.items():
        first_seen = list(dict.fromkeys(one.event.revision for one in published if one.event.brand == brand))
        assert first_seen == list(range(1, count + 1))
    # Only what was out before the crash and not marked is said again, under the ids it had.
    repeated = point in {"after_publish", "before_commit"}
    assert len(published) == sum(EXPECTED.values()) * (2 if repeated else 1)
    assert await _numbers(world) == list(range(1, sum(EXPECTED.values()) + 1))


@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
async def test_a_relay_whose_bus_is_in_the_database_publishes_once(world, point):
    database = world.hooked()
    bus = type(world.bus)(database, prefix=world.bus.prefix) if hasattr(world.bus, "prefix") else None
    if bus is None:
        pytest.skip("the bus is not in the database")
    await world.publish(EXPECTED)
    await world.drive(world.consumer(), until=world.did(EXPECTED))
    await bus.ensure([topics.COVERAGE])
    relay = Relay(database, bus, "rules")
    setattr(database, point, Once(Killed))
    with pytest.raises(Killed):
        await relay.run_once(wait=0)
    while await relay.run_once(wait=0):
        pass
    assert len(await world.read(topics.COVERAGE)) == sum(EXPECTED.values())


async def test_two_relays_do_not_publish_the_same_rows(world):
    await world.publish(EXPECTED)
    await world.drive(world.consumer(), until=world.did(EXPECTED))
    relays = [Relay(world.database, Unreliable(world.bus), "rules") for _ in range(4)]
    while any(await asyncio.gather(*(relay.run_once(wait=0) for relay in relays))):
        pass
    assert len(await world.read(topics.COVERAGE)) == sum(EXPECTED.values())
    assert await _numbers(world) == list(range(1, sum(EXPECTED.values()) + 1))


async def test_a_row_that_commits_late_is_published_late_and_not_skipped(world):
    async def say(tx, brand):
        await outbox.write(
            tx, "rules", [CoverageRemoved(brand=brand, revision=1)], occurred_at=world.clock.now()
        )

    relay = Relay(world.database, world.bus, "rules")
    async with world.database.transaction() as slow:
        await say(slow, "early-position")
        async with world.database.transaction() as quick:
            await say(quick, "early-commit")
        assert await relay.run_once(wait=0)
        assert not await relay.run_once(wait=0)
    assert await relay.run_once(wait=0)
    async with world.database.transaction() as tx:
        rows = await tx.execute(text("SELECT key FROM rules.outbox ORDER BY number"))
        assert rows.scalars().all() == ["early-commit", "early-position"]


async def test_a_bus_that_is_away_leaves_the_outbox_waiting(world):
    await world.publish({"acme": 3})
    await world.drive(world.consumer(), until=world.did({"acme": 3}))
    relay = Relay(
        world.database, Unreliable(world.bus, before=Once(lambda: BusAwayError("no broker"))), "rules"
    )
    with pytest.raises(BusAwayError):
        await relay.run_once(wait=0)
    assert await _numbers(world) == []
    assert await relay.run_once(wait=0)
    assert await _numbers(world) == [1, 2, 3]


async def _numbers(world):
    async with world.database.transaction() as tx:
        rows = await tx.execute(
            text("SELECT number FROM rules.outbox WHERE number IS NOT NULL ORDER BY position")
        )
        return list(rows.scalars().all())
