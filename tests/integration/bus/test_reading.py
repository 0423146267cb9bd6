"""Order per key, independent groups, lag, back-pressure, seeking and pausing: what every bus must keep."""

from __future__ import annotations

import asyncio

from services.contracts import topics
from services.kit.bus import Partition

MANY = {f"brand-{number}": 40 for number in range(8)}


async def test_each_key_is_handled_in_order_once(world):
    await world.publish(MANY)
    consumer = world.consumer(batch=23)
    await world.drive(consumer, until=world.did(MANY))
    await world.assert_once_in_order(MANY)


async def test_concurrent_publishers_keep_the_order_of_each_key(world):
    buses = [await world.wire.open() for _ in range(4)]

    async def publish(bus, brands):
        for revision in range(1, 31):
            await bus.publish([world.message(brand, revision) for brand in brands])

    # Every publisher writes to several partitions, in another order than its neighbours.
    brands = [[f"brand-{index}-{n}" for n in range(5)] for index in range(4)]
    writing = [asyncio.create_task(publish(bus, b)) for bus, b in zip(buses, brands, strict=True)]
    expected = {brand: 30 for some in brands for brand in some}
    consumer = world.consumer(batch=50)
    await world.drive(consumer, until=world.did(expected))
    await asyncio.gather(*writing)
    await world.assert_once_in_order(expected)


async def test_a_message_keeps_its_bytes_key_and_headers(world):
    sent = world.message("acme", 1)
    await world.bus.publish([sent])
    (read,) = await world.read(topics.BRANDS)
    record = read.record
    assert (record.key, record.value, dict(record.headers)) == (sent.key, sent.value, sent.headers)
    assert (read.event.brand, read.event.revision, read.occurred_at) == ("acme", 1, world.clock.now())


async def test_publishing_nothing_is_nothing(world):
    await world.bus.publish([])
    assert sum((await world.bus.ends(topics.BRANDS)).values()) == 0


async def test_groups_do_not_see_each_other(world):
    await world.publish(MANY)
    first = world.consumer("first")
    await world.drive(first, until=world.did(MANY, "first"))
    second = world.consumer("second", batch=7)
    await world.drive(second, until=world.did(MANY, "second"))
    await world.assert_once_in_order(MANY, "first")
    await world.assert_once_in_order(MANY, "second")


async def test_a_new_process_goes_on_where_the_group_stands(world):
    await world.publish(MANY)
    consumer = world.consumer(batch=20)
    await consumer.run_once(wait=1)
    await consumer.close()
    done = len(await world.effects())
    assert 0 < done < sum(MANY.values())
    successor = world.consumer(bus=await world.wire.open())
    await world.drive(successor, until=world.did(MANY))
    await world.assert_once_in_order(MANY)


async def test_lag_counts_what_is_not_handled_yet(world):
    consumer = world.consumer(batch=10)
    await world.publish({"acme": 25})
    assert sum((await consumer.lag()).values()) == 25
    await consumer.run_once(wait=1)
    assert sum((await consumer.lag()).values()) == 15
    await world.drive(consumer, until=world.did({"acme": 25}))
    assert set((await consumer.lag()).values()) == {0}
    assert len(await consumer.lag()) == topics.BRANDS.partitions


async def test_a_poll_never_returns_more_than_its_limit(world):
    await world.publish(MANY)
    sizes = []

    async def handle(_tx, received):
        sizes.append(len(received))

    consumer = world.consumer(handle=handle, batch=9)
    while await consumer.run_once(wait=0.2):
        pass
    assert max(sizes) <= 9
    assert sum(sizes) == sum(MANY.values())


async def test_a_full_partition_does_not_starve_the_others(world):
    await world.publish({"loud": 500})
    await world.publish({f"quiet-{n}": 1 for n in range(12)})
    consumer = world.consumer(batch=10)
    for _ in range(2 * topics.BRANDS.partitions):
        await consumer.run_once(wait=1)
    done = await world.effects()
    assert {brand for brand, _ in done} >= {f"quiet-{n}" for n in range(12)}
    assert len(done) < 512


async def test_a_subscription_seeks_and_pauses(world):
    await world.publish({"acme": 5})

    async def from_the_beginning(partitions):
        return dict.fromkeys(partitions, 0)

    subscription = await world.bus.subscribe([topics.BRANDS], group="seeker", assigned=from_the_beginning)
    first = await subscription.poll(limit=100, wait=5)
    ((partition, records),) = first.items()
    assert [record.offset for record in records] == [0, 1, 2, 3, 4]
    assert await subscription.poll(limit=100, wait=0) == {}
    subscription.seek(partition, 3)
    subscription.seek(Partition("elsewhere", 0), 3)
    subscription.pause(partition)
    assert await subscription.poll(limit=100, wait=0.1) == {}
    subscription.resume(partition)
    again = await subscription.poll(limit=100, wait=5)
    assert [record.offset for record in again[partition]] == [3, 4]
    await subscription.close()


async def test_a_waiting_poll_is_woken_by_another_process(world):
    async def from_the_beginning(partitions):
        return dict.fromkeys(partitions, 0)

    subscription = await world.bus.subscribe([topics.BRANDS], group="woken", assigned=from_the_beginning)
    assert await subscription.poll(limit=10, wait=0) == {}
    waiting = asyncio.create_task(subscription.poll(limit=10, wait=30))
    other = await world.wire.open()
    await other.publish([world.message("acme", 1)])
    found = await world.within(waiting)
    assert sum(map(len, found.values())) == 1
    await subscription.close()
