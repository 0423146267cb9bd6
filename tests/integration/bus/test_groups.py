"""Members come, go, stall and die; each record still has its effect once, and none waits long."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from services.contracts import topics
from services.contracts.errors import RetryableError

MANY = {f"brand-{number}": 30 for number in range(10)}
ALL_OF_THEM = topics.BRANDS.partitions


class Gate:
    """Holds whoever comes by until it is opened."""

    def __init__(self):
        self.reached = asyncio.Event()
        self.open = asyncio.Event()

    async def __call__(self):
        self.reached.set()
        await self.open.wait()


async def test_two_members_share_evenly_and_the_survivor_takes_all(world):
    first = world.consumer()
    second = world.consumer(bus=await world.wire.open())

    async def shared():
        return len(world.wire.owned(first)) == len(world.wire.owned(second)) == ALL_OF_THEM // 2

    await first.run_once(wait=0)
    assert len(world.wire.owned(first)) == ALL_OF_THEM
    await second.run_once(wait=0)
    await world.drive(first, second, until=shared)
    assert not world.wire.owned(first) & world.wire.owned(second)
    await world.publish(MANY)
    await world.drive(first, second, until=world.did(MANY))

    await first.close()
    await second.run_once(wait=0)

    async def all_mine():
        return len(world.wire.owned(second)) == ALL_OF_THEM

    await world.drive(second, until=all_mine)
    await world.publish(MANY, first=31)
    await world.drive(second, until=world.did(dict.fromkeys(MANY, 60)))
    await world.assert_once_in_order(dict.fromkeys(MANY, 60))


async def test_a_rebalance_while_handling_changes_nothing_twice(world):
    gate = Gate()
    record = world.recording()

    async def slowly(tx, received):
        await gate()
        await record(tx, received)

    await world.publish(MANY)
    first = world.consumer(handle=slowly, batch=40)
    handling = asyncio.create_task(first.run_once(wait=5))
    await world.within(gate.reached.wait())
    # A second member asks for its share while the first holds a batch of all partitions in an open transaction.
    second = world.consumer(bus=await world.wire.open(), batch=40)
    await second.run_once(wait=0)
    gate.open.set()
    assert await world.within(handling)
    await world.drive(first, second, until=world.did(MANY))
    await world.assert_once_in_order(MANY)
    assert world.wire.owned(second), "the second member never got its share"


async def test_a_zombie_is_fenced(world):
    gate = Gate()
    await world.publish(MANY)
    database = world.hooked()
    bus = await world.wire.open()
    zombie = world.consumer(bus=bus, database=database, batch=1000)
    await zombie.run_once(wait=0)  # joins, and handles what it finds
    await world.publish(MANY, first=31)
    database.before = gate
    stalled = asyncio.create_task(zombie.run_once(wait=5))
    # It has read its batch and stands before the transaction; the group gives it up and another takes over.
    await world.within(gate.reached.wait())
    await world.wire.abandon(bus)
    heir = world.consumer(bus=await world.wire.open())
    await world.drive(heir, until=world.did(dict.fromkeys(MANY, 60)))
    database.before = None
    gate.open.set()
    assert not await world.within(stalled), "the zombie believes that it did something"
    await world.publish(MANY, first=61)
    await world.drive(zombie, heir, until=world.did(dict.fromkeys(MANY, 90)))
    await world.assert_once_in_order(dict.fromkeys(MANY, 90))


async def test_a_zombie_inside_its_transaction_is_cut_by_the_server(world):
    gate = Gate()
    record = world.recording()

    async def stall(tx, received):
        await record(tx, received)
        # The server's patience, shortened for the test.
        await tx.execute(text("SET LOCAL idle_in_transaction_session_timeout = '200ms'"))
        await gate()

    await world.publish({"acme": 3})
    bus = await world.wire.open()
    zombie = world.consumer(bus=bus, handle=stall)
    stalled = asyncio.create_task(zombie.run_once(wait=5))
    await world.within(gate.reached.wait())
    await world.wire.abandon(bus)
    heir = world.consumer(bus=await world.wire.open())
    await world.drive(heir, until=world.did({"acme": 3}))
    gate.open.set()
    outcome = (await world.within(asyncio.gather(stalled, return_exceptions=True)))[0]
    assert isinstance(outcome, RetryableError)
    await world.assert_once_in_order({"acme": 3})


async def test_more_members_than_partitions_leave_some_idle_and_ready(world):
    members = [world.consumer(bus=await world.wire.open()) for _ in range(ALL_OF_THEM + 1)]
    for member in members:
        await member.run_once(wait=0)

    async def spread():
        return sorted(len(world.wire.owned(member)) for member in members) == [0] + [1] * ALL_OF_THEM

    await world.drive(*members, until=spread)
    idle = next(member for member in members if not world.wire.owned(member))
    leaver = next(member for member in members if world.wire.owned(member))
    await leaver.close()

    async def stands_in():
        return len(world.wire.owned(idle)) == 1

    await world.drive(*(m for m in members if m is not leaver), until=stands_in)
