"""A dead database only pauses: everything is tried again, visibly, and goes on where it stood."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit

import pytest
from sqlalchemy import text

from services.contracts import topics
from services.contracts.errors import RetryableError
from services.kit.database import Database
from services.kit.outbox import Relay
from services.kit.runtime import Runtime, Service

EXPECTED = {f"brand-{number}": 10 for number in range(6)}


class Cable:
    """The wire between a client and PostgreSQL, which can be cut and mended."""

    def __init__(self, url):
        self._parts = urlsplit(url)
        self._server = None
        self._clients = set()
        self._tasks = set()
        self.port = 0

    @property
    def url(self):
        user = self._parts.netloc.rpartition("@")[0] or "postgres"
        return urlunsplit(self._parts._replace(netloc=f"{user}@127.0.0.1:{self.port}", query="ssl=disable"))

    async def mend(self):
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self):
        self._server.close()
        for writer in list(self._clients):
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _carry(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        self._clients.add(writer)
        with suppress(OSError):
            there_reader, there_writer = await self._connect()
            self._clients.add(there_writer)
            await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))
            self._clients.discard(there_writer)
        self._clients.discard(writer)
        self._tasks.discard(task)

    async def _connect(self):
        query = parse_qs(self._parts.query)
        folder = query.get("host", [None])[0]
        if folder:
            port = query.get("port", [str(self._parts.port or 5432)])[0]
            return await asyncio.open_unix_connection(str(Path(folder) / f".s.PGSQL.{port}"))
        return await asyncio.open_connection(self._parts.hostname, self._parts.port or 5432)


async def _pump(source, target):
    with suppress(OSError):
        while chunk := await source.read(65536):
            target.write(chunk)
            await target.drain()
    target.close()


@pytest.fixture
async def cable(database_url):
    cable = Cable(database_url)
    await cable.mend()
    yield cable
    await cable.cut()


@pytest.fixture
async def far(cable):
    """The test's database, at the other end of the cable."""
    database = Database(cable.url, durable=False)
    yield database
    await database.close()


async def test_a_consumer_waits_for_its_database_and_goes_on(world, cable, far):
    consumer = world.consumer(database=far, batch=15)
    await world.publish(EXPECTED)
    await consumer.run_once(wait=5)
    await cable.cut()
    for _ in range(3):
        with pytest.raises(RetryableError):
            await consumer.run_once(wait=1)
    done = len(await world.effects())
    assert 0 < done < sum(EXPECTED.values())
    await cable.mend()
    await world.drive(consumer, until=world.did(EXPECTED))
    await world.assert_once_in_order(EXPECTED)


async def test_a_database_cut_amid_a_transaction_undoes_it(world, cable, far):
    record = world.recording()
    cuts = []

    async def handle(tx, received):
        await record(tx, received)
        if not cuts:
            cuts.append(1)
            await cable.cut()
            await tx.execute(text("SELECT 1"))

    await world.publish(EXPECTED)
    consumer = world.consumer(database=far, handle=handle)
    with pytest.raises(RetryableError):
        await consumer.run_once(wait=5)
    assert await world.effects() == []
    await cable.mend()
    await world.drive(consumer, until=world.did(EXPECTED))
    await world.assert_once_in_order(EXPECTED)


async def test_killed_sessions_are_replaced(world):
    consumer = world.consumer(batch=10, bus=await world.wire.open())
    await world.publish(EXPECTED)
    done = 0
    while done < sum(EXPECTED.values()):
        # Every session of the pools and the one that listens, at a moment when some are in use, others not.
        await _stubbornly(world, lambda: _kill_sessions(world))
        await _stubbornly(world, lambda: consumer.run_once(wait=0.1))
        done = len(await _stubbornly(world, world.effects))
    await world.assert_once_in_order(EXPECTED)


async def _stubbornly(world, act):
    async with asyncio.timeout(30):
        while True:
            with suppress(RetryableError):
                return await act()


async def _kill_sessions(world):
    async with world.database.transaction() as tx:
        await tx.execute(
            text("""
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()
            """)
        )


async def test_a_running_process_shows_an_outage_and_survives_it(world, cable, far):
    consumer = world.consumer(database=far)
    relay = Relay(far, world.bus, "rules")
    services = [Service("rules", workers=[consumer, relay], topics=[topics.BRANDS, topics.COVERAGE])]
    runtime = Runtime(services, bus=world.bus, clock=world.clock)
    stop = asyncio.Event()
    running = asyncio.create_task(runtime.run(stop))
    try:
        await cable.cut()
        await world.publish(EXPECTED)
        await world.until(
            lambda: runtime.states["group"].failures >= 2 and runtime.states["rules-relay"].failures >= 2
        )
        assert runtime.states["group"].error
        await cable.mend()
        await world.until(lambda: runtime.states["group"].failures == 0)
        await world.drive(until=world.did(EXPECTED))
        await world.until(lambda: runtime.states["rules-relay"].healthy)
    finally:
        stop.set()
        await world.within(running)
    await world.assert_once_in_order(EXPECTED)


async def test_a_bus_that_is_away_at_the_start_is_waited_for(world, cable, far):
    await cable.cut()
    bus = type(world.bus)(far, prefix=world.wire.prefix) if hasattr(world.wire, "prefix") else None
    if bus is None:
        pytest.skip("the bus is not in the database")
    consumer = world.consumer(bus=bus)
    runtime = Runtime(
        [Service("rules", workers=[consumer], topics=[topics.BRANDS])], bus=bus, clock=world.clock
    )
    stop = asyncio.Event()
    running = asyncio.create_task(runtime.run(stop))
    try:
        await world.until(lambda: runtime.states["topics"].failures >= 2)
        await world.publish(EXPECTED)
        await cable.mend()
        await world.drive(until=world.did(EXPECTED))
    finally:
        stop.set()
        await world.within(running)
        await runtime.close()
        await bus.close()
    await world.assert_once_in_order(EXPECTED)
