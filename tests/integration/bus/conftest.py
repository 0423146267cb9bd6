"""What the conformance suite needs of a bus, and the small world it observes it in.

Another adapter plugs in by a `Wire` of its own in `wires`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.contracts import topics
from services.contracts.codec import Message, encode
from services.contracts.events import BrandDefined, CoverageRemoved
from services.contracts.topics import Topic
from services.kit import outbox
from services.kit.bus import Bus, Partition
from services.kit.clock import ManualClock
from services.kit.consume import Consumer, Handle, Received
from services.kit.database import Database, Transaction
from services.kit.pglog import PgLog
from services.kit.pglog.subscription import PgSubscription
from services.kit.runtime import Worker

DEADLINE = 30.0
"""Machine seconds after which a condition that should come true is given up: far more than a busy machine needs."""

SCHEMA = "rules"
"""Any schema that has an outbox."""


class Hooked(Database):
    """A database that lets a test stand at the edges of each transaction."""

    def __init__(self, url: str) -> None:
        super().__init__(url, durable=False)
        self.before: Callable[[], Awaitable[None]] | None = None
        self.before_commit: Callable[[], Awaitable[None]] | None = None
        self.after_commit: Callable[[], Awaitable[None]] | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        if self.before:
            await self.before()
        async with super().transaction() as tx:
            yield tx
            if self.before_commit:
                await self.before_commit()
        if self.after_commit:
            await self.after_commit()


class Wire(Protocol):
    """One kind of bus, as the suite uses it.

    Attributes:
        takeover: Machine seconds within which a killed member's partitions must be read by another.
    """

    takeover: float

    async def open(self) -> Bus:
        """A bus as another process would open it: on the same log, sharing nothing in memory."""
        ...

    async def abandon(self, bus: Bus) -> None:
        """Have the groups believe that this bus's members are dead; they must not notice."""
        ...

    async def expire(self) -> None:
        """Have the groups believe that every member they have now is dead."""
        ...

    def owned(self, consumer: Consumer) -> set[Partition]:
        """The partitions that a consumer's member reads."""
        ...

    def arguments(self) -> list[str]:
        """How a subprocess opens it: the arguments of `process.py` after the database's URL."""
        ...


class PgWire:
    """The log in PostgreSQL."""

    # Less than the heartbeat's time-out, which would be 10 s.
    takeover = 8.0

    def __init__(self, url: str, stack: AsyncExitStack) -> None:
        self.prefix = f"test-{uuid4().hex[:8]}"
        self._url = url
        self._stack = stack

    async def open(self) -> PgLog:
        database = Database(self._url, durable=False)
        self._stack.push_async_callback(database.close)
        bus = PgLog(database, prefix=self.prefix)
        self._stack.push_async_callback(bus.close)
        return bus

    async def abandon(self, bus: Bus) -> None:
        assert isinstance(bus, PgLog)
        assert bus._keeper is not None
        bus._keeper.cancel()
        async with bus.database.transaction() as tx:
            await tx.execute(
                text(
                    "UPDATE kit.log_members SET seen_at = seen_at - interval '1 hour' WHERE member = ANY(:ids)"
                ),
                {"ids": [member.id for member in bus._members]},
            )

    async def expire(self) -> None:
        database = Database(self._url)
        async with database.transaction() as tx:
            await tx.execute(text("UPDATE kit.log_members SET seen_at = seen_at - interval '1 hour'"))
        await database.close()

    def owned(self, consumer: Consumer) -> set[Partition]:
        subscription = consumer._subscription
        assert isinstance(subscription, PgSubscription)
        return set(subscription._next)

    def arguments(self) -> list[str]:
        return ["pglog", self.prefix]


@pytest.fixture(params=["pglog"])
async def wire(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[Wire]:
    """Each kind of bus in turn; what it opens is closed after the test."""
    wires = {"pglog": PgWire}
    async with AsyncExitStack() as stack:
        yield wires[request.param](database_url, stack)


@dataclass
class World:
    """A database with effects to count, and a bus."""

    url: str
    wire: Wire
    bus: Bus
    database: Database
    clock: ManualClock
    stack: AsyncExitStack
    workers: list[Worker] = field(default_factory=list)

    async def publish(self, counts: Mapping[str, int], *, first: int = 1) -> None:
        """For each brand, revisions from `first` on, so many, interleaved as they would arrive."""
        last = max(counts.values())
        await self.bus.publish(
            [
                self.message(brand, revision)
                for revision in range(first, first + last)
                for brand, count in counts.items()
                if revision < first + count
            ]
        )

    def message(self, brand: str, revision: int) -> Message:
        return encode(BrandDefined(brand=brand, name=brand, revision=revision), self.clock.now())

    def hooked(self) -> Hooked:
        database = Hooked(self.url)
        self.stack.push_async_callback(database.close)
        return database

    def consumer(self, group: str = "group", **options: Any) -> Consumer:
        """A consumer that records what it handles, and tells of it on `coverage`, by default."""
        defaults: dict[str, Any] = {
            "database": self.database,
            "bus": self.bus,
            "clock": self.clock,
            "group": group,
            "topics": [topics.BRANDS],
            "schema": SCHEMA,
            "handle": recording(group),
        }
        consumer = Consumer(**(defaults | options))
        self.stack.push_async_callback(consumer.close)
        return consumer

    async def effects(self, group: str = "group") -> list[tuple[str, int]]:
        """What `group` did, in the order of commits of each brand."""
        async with self.database.transaction() as tx:
            rows = await tx.execute(
                text("SELECT brand, revision FROM effects WHERE consumer = :group ORDER BY id"),
                {"group": group},
            )
            return [(row.brand, row.revision) for row in rows]

    async def read(self, topic: Topic) -> list[Received]:
        """Everything on `topic`, by a group that never was."""
        found: list[Received] = []

        async def collect(_: Transaction, received: Sequence[Received]) -> None:
            found.extend(received)

        reader = self.consumer(f"reader-{uuid4().hex[:8]}", topics=[topic], handle=collect)
        while sum((await reader.lag()).values()):
            await reader.run_once(wait=1)
        await reader.close()
        return found

    async def drive(self, *workers: Worker, until: Callable[[], Awaitable[bool]]) -> None:
        """Step `workers` in turn until a condition holds; fails if it does not within the deadline."""
        give_up = time.monotonic() + DEADLINE
        while not await until():
            assert time.monotonic() < give_up, "the condition did not come true"
            for worker in workers:
                await worker.run_once(wait=0.05)

    def recording(self, group: str = "group") -> Handle:
        """The handler that `consumer` has by default."""
        return recording(group)

    async def within(self, awaitable: Awaitable[Any]) -> Any:
        """The result, unless it takes longer than the deadline."""
        return await asyncio.wait_for(awaitable, DEADLINE)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let other tasks run until `condition` holds; fails if it does not within the deadline."""

        async def check() -> bool:
            await asyncio.wait({asyncio.ensure_future(self.database.ping())})
            return condition()

        await self.drive(until=check)

    def did(self, expected: Mapping[str, int], group: str = "group") -> Callable[[], Awaitable[bool]]:
        """Whether `group` has done all of what `publish(expected)` published."""

        async def check() -> bool:
            return len(await self.effects(group)) >= sum(expected.values())

        return check

    async def assert_once_in_order(self, expected: Mapping[str, int], group: str = "group") -> None:
        """Each revision of each brand had its effect once, in order."""
        done = await self.effects(group)
        by_brand = {brand: [r for b, r in done if b == brand] for brand in expected}
        assert by_brand == {brand: list(range(1, count + 1)) for brand, count in expected.items()}
        assert len(done) == sum(expected.values())


def recording(group: str) -> Handle:
    """A handler whose effect can be counted: a row an event, and an event that follows from it."""

    async def handle(tx: Transaction, received: Sequence[Received]) -> None:
        events = [one.event for one in received]
        assert all(isinstance(event, BrandDefined) for event in events)
        rows = [{"group": group, "brand": e.brand, "revision": e.revision} for e in events]  # type: ignore[attr-defined]
        await tx.execute(
            text("INSERT INTO effects (consumer, brand, revision) VALUES (:group, :brand, :revision)"), rows
        )
        followers = [CoverageRemoved(brand=row["brand"], revision=row["revision"]) for row in rows]
        await outbox.write(tx, SCHEMA, followers, occurred_at=received[0].occurred_at)

    return handle


@pytest.fixture
async def world(
    wire: Wire, database: Database, database_url: str, clock: ManualClock
) -> AsyncIterator[World]:
    """A fresh bus with the topics, and a table that counts effects; nothing there keeps two equal ones out."""
    async with database.transaction() as tx:
        await tx.execute(
            text("""
                CREATE TABLE effects (
                    id bigint GENERATED ALWAYS AS IDENTITY, consumer text, brand text, revision integer)
            """)
        )
    bus = await wire.open()
    await bus.ensure([topics.BRANDS, topics.COVERAGE, topics.DEAD_LETTERS])
    async with AsyncExitStack() as stack:
        yield World(database_url, wire, bus, database, clock, stack)
