"""What can never be handled goes to the dead letters, and nothing around it notices."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from services.contracts import topics
from services.contracts.codec import Message
from services.contracts.errors import PermanentError, RetryableError
from services.kit import deadletters
from services.kit.database import DatabaseAwayError
from services.kit.outbox import Relay

EXPECTED = {f"brand-{number}": 5 for number in range(6)}
POISON = ("brand-3", 2)


class Mending:
    """A handler that cannot handle one revision, for the reason given, until it is mended."""

    def __init__(self, world, reason, poison=POISON):
        self._record = world.recording()
        self._reason = reason
        self._poison = poison
        self.mended = False

    async def __call__(self, tx, received):
        # The effect of what came before the poison is written first: it must be rolled back with it.
        await self._record(tx, received)
        if not self.mended and any((r.event.brand, r.event.revision) == self._poison for r in received):
            await self._reason(tx)


async def _permanent(_tx):
    raise PermanentError("never")


async def _bug(_tx):
    raise ZeroDivisionError("a bug\x00 of ours")


async def _sql(tx):
    await tx.execute(text("SELECT 1 / 0"))


@pytest.mark.parametrize("reason", [_permanent, _bug, _sql])
async def test_a_poison_goes_to_the_dead_letters_and_its_neighbours_do_not_notice(world, reason):
    acted = []

    async def act(tx, letter):
        acted.append(letter.id)
        await tx.execute(
            text("INSERT INTO effects (consumer, brand) VALUES ('acted', :key)"), {"key": letter.record.key}
        )

    await world.publish(EXPECTED)
    consumer = world.consumer(handle=Mending(world, reason), on_dead_letter=act)
    assert await consumer.run_once(wait=5)
    assert await _done(world) == _all_but_the_poison()
    assert set((await consumer.lag()).values()) == {0}
    (letter,) = await _letters(world)
    assert (letter.record.key, letter.group, letter.state, letter.attempts) == ("brand-3", "group", "dead", 1)
    assert letter.error.split(":")[0] in {"PermanentError", "ZeroDivisionError", "DBAPIError", "DataError"}
    assert letter.failed_at == world.clock.now()
    assert acted == [letter.id]
    assert await world.effects("acted") == [("brand-3", None)]


async def test_a_dead_letter_is_told_on_the_bus(world):
    await world.publish(EXPECTED)
    await world.consumer(handle=Mending(world, _permanent)).run_once(wait=5)
    relay = Relay(world.database, world.bus, "rules")
    while await relay.run_once(wait=0):
        pass
    (told,) = await world.read(topics.DEAD_LETTERS)
    assert (told.event.brand, told.event.group, told.event.source_topic) == ("brand-3", "group", "brands.v1")
    assert told.event.error == "PermanentError: never"


async def test_bytes_that_are_no_event_are_buried_unread(world):
    rubbish = Message(topics.BRANDS, "Not A Brand", b"\xff\x00 not json", {}, "x")
    await world.bus.publish([world.message("acme", 1), rubbish, world.message("acme", 2)])
    consumer = world.consumer()
    await world.drive(consumer, until=world.did({"acme": 2}))
    await world.drive(consumer, until=lambda: _count(world, 1))
    await world.assert_once_in_order({"acme": 2})
    (letter,) = await _letters(world)
    assert letter.record.value == rubbish.value
    relay = Relay(world.database, world.bus, "rules")
    await relay.run_once(wait=0)
    (told,) = await world.read(topics.DEAD_LETTERS)
    assert told.event.brand == "unknown"


async def test_a_retried_letter_is_handled_once_by_the_group_that_failed(world):
    handler = Mending(world, _permanent)
    consumer = world.consumer(handle=handler)
    await world.publish(EXPECTED)
    await consumer.run_once(wait=5)
    await _ask_again(world)
    assert await consumer.run_once(wait=0)
    (letter,) = await _letters(world)
    assert (letter.state, letter.attempts) == ("dead", 2)
    assert await _done(world) == _all_but_the_poison()

    handler.mended = True
    assert not await consumer.run_once(wait=0), "nobody asked"
    await _ask_again(world)
    assert await consumer.run_once(wait=0)
    assert not await consumer.run_once(wait=0)
    (letter,) = await _letters(world)
    assert (letter.state, letter.attempts) == ("handled", 3)
    assert await _done(world) == sorted([*_all_but_the_poison(), POISON])


async def test_acting_on_a_dead_letter_may_fail_without_blocking(world):
    async def act(tx, _letter):
        await tx.execute(text("INSERT INTO effects (consumer) VALUES ('half done')"))
        raise ValueError("no fallback configured")

    await world.publish(EXPECTED)
    await world.consumer(handle=Mending(world, _permanent), on_dead_letter=act).run_once(wait=5)
    assert await _done(world) == _all_but_the_poison()
    assert len(await _letters(world)) == 1
    assert await world.effects("half done") == []


async def test_a_passing_failure_pauses_its_partition_only_and_buries_nothing(world):
    async def busy(_tx):
        raise RetryableError("provider says 503")

    handler = Mending(world, busy)
    await world.publish(EXPECTED)
    consumer = world.consumer(handle=handler)
    await consumer.run_once(wait=5)
    trouble = consumer.trouble()
    assert trouble is not None
    assert "provider says 503" in trouble
    stuck = set(EXPECTED) - {brand for brand, _ in await _done(world)}
    assert "brand-3" in stuck
    assert len(stuck) < len(EXPECTED), "the other partitions were held up"
    assert await _letters(world) == []
    with pytest.raises(RetryableError, match="provider says 503"):
        await consumer.run_once(wait=0)
    handler.mended = True
    await world.drive(consumer, until=world.did(EXPECTED))
    await world.assert_once_in_order(EXPECTED)
    assert consumer.trouble() is None


async def test_a_passing_failure_amid_a_poisoned_batch_does_not_bury_the_poison_twice(world):
    permanent = Mending(world, _permanent)
    failed = []

    async def handle(tx, received):
        await permanent(tx, received)
        if len(received) == 1 and received[0].event.revision == 5 and not failed:
            failed.append(received[0].id)
            raise DatabaseAwayError("a deadlock, say")

    await world.publish({"brand-3": 5})
    consumer = world.consumer(handle=handle)
    with pytest.raises(DatabaseAwayError):
        await consumer.run_once(wait=5)
    assert await _letters(world) == []
    await world.drive(consumer, until=lambda: _count(world, 1))
    assert failed
    (letter,) = await _letters(world)
    assert letter.attempts == 1
    assert await _done(world) == [("brand-3", revision) for revision in (1, 3, 4, 5)]


async def test_a_cancelled_handler_is_no_poison(world):
    started = asyncio.Event()

    async def hang(_tx, _received):
        started.set()
        await asyncio.Event().wait()

    await world.publish(EXPECTED)
    consumer = world.consumer(handle=hang)
    running = asyncio.create_task(consumer.run_once(wait=5))
    await world.within(started.wait())
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await consumer.close()
    assert await _letters(world) == []
    await world.drive(world.consumer(), until=world.did(EXPECTED))
    await world.assert_once_in_order(EXPECTED)


def _all_but_the_poison():
    return sorted(
        (brand, r) for brand, count in EXPECTED.items() for r in range(1, count + 1) if (brand, r) != POISON
    )


async def _done(world):
    return sorted(await world.effects())


async def _letters(world):
    async with world.database.transaction() as tx:
        return await deadletters.find(tx)


async def _count(world, count):
    return len(await _letters(world)) == count


async def _ask_again(world):
    async with world.database.transaction() as tx:
        assert await deadletters.ask_again(tx, group="group") == 1
