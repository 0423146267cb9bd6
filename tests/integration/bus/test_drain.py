"""A stop finishes what is in hand, within its time, and hands over the rest at once."""

from __future__ import annotations

import asyncio

import pytest

from services.contracts import topics
from services.kit import runtime as runtime_module
from services.kit.outbox import Relay
from services.kit.runtime import Runtime, Service

EXPECTED = {f"brand-{number}": 20 for number in range(6)}


def _runtime(world, consumer):
    relay = Relay(world.database, world.bus, "rules")
    service = Service("rules", workers=[consumer, relay], topics=[topics.BRANDS, topics.COVERAGE])
    return Runtime([service], bus=world.bus, clock=world.clock)


async def test_a_running_process_handles_and_publishes_what_comes(world):
    runtime = _runtime(world, world.consumer())
    stop = asyncio.Event()
    running = asyncio.create_task(runtime.run(stop))
    await world.publish(EXPECTED)
    await world.drive(until=world.did(EXPECTED))

    async def all_published():
        return sum((await world.bus.ends(topics.COVERAGE)).values()) == sum(EXPECTED.values())

    await world.drive(until=all_published)
    stop.set()
    await world.within(running)
    await runtime.close()
    await world.assert_once_in_order(EXPECTED)
    assert all(state.healthy for state in runtime.states.values())


async def test_a_stop_lets_the_batch_in_hand_finish_and_hands_over_the_rest(world):
    started, go_on = asyncio.Event(), asyncio.Event()
    record = world.recording()

    async def slowly(tx, received):
        started.set()
        await go_on.wait()
        await record(tx, received)

    await world.publish(EXPECTED)
    runtime = _runtime(world, world.consumer(handle=slowly, batch=30, bus=await world.wire.open()))
    stop = asyncio.Event()
    running = asyncio.create_task(runtime.run(stop))
    await world.within(started.wait())
    stop.set()
    assert not running.done()
    go_on.set()
    await world.within(running)
    await runtime.close()
    assert len(await world.effects()) == 30
    # It has left its group: its successor owns everything at its very first look.
    successor = world.consumer()
    await successor.run_once(wait=0)
    assert len(world.wire.owned(successor)) == topics.BRANDS.partitions
    await world.drive(successor, until=world.did(EXPECTED))
    await world.assert_once_in_order(EXPECTED)


async def test_a_stop_rolls_back_what_takes_too_long(world, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runtime_module, "GRACE", 0.2)
    started = asyncio.Event()
    record = world.recording()

    async def hang(tx, received):
        await record(tx, received)
        started.set()
        await asyncio.Event().wait()

    await world.publish(EXPECTED)
    runtime = _runtime(world, world.consumer(handle=hang, bus=await world.wire.open()))
    stop = asyncio.Event()
    running = asyncio.create_task(runtime.run(stop))
    await world.within(started.wait())
    stop.set()
    await world.within(running)
    await runtime.close()
    assert await world.effects() == []
    await world.drive(world.consumer(), until=world.did(EXPECTED))
    await world.assert_once_in_order(EXPECTED)
