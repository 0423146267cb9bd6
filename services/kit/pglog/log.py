"""The bus on PostgreSQL: publishing, joining, and the housekeeping between."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence

from sqlalchemy import text

from services.contracts.codec import Message
from services.contracts.errors import RetryableError
from services.contracts.topics import Topic
from services.kit.bus import Assigned, Bus, Partition, TransactionalBus
from services.kit.database import Database, Transaction
from services.kit.pglog import group, records
from services.kit.pglog.subscription import PgSubscription, as_bus
from services.kit.wakes import CHANNEL, touch

TRIM_EVERY = 600.0
"""Machine seconds between two looks for records that are old enough to go."""

STALLED = 300.0
"""Machine seconds without a poll after which a member is not kept alive any more: what it handles is stuck."""

_log = logging.getLogger(__name__)


class PgLog(Bus, TransactionalBus):
    """A durable, partitioned log in schema `kit` of one database; keeps `services.kit.bus.Bus`.

    Args:
        database: Where the log lives.
        prefix: The installation's; topics and groups of another prefix are not seen.
    """

    def __init__(self, database: Database, *, prefix: str) -> None:
        self.database = database
        self.prefix = prefix
        self.partitions: dict[str, int] = {}
        self._members: set[PgSubscription] = set()
        self._keeper: asyncio.Task[None] | None = None

    def full(self, name: str) -> str:
        """`name` with the installation's prefix: how topics and groups are stored."""
        return f"{self.prefix}.{name}"

    async def identity(self) -> str:
        """See `Bus.identity`."""
        return f"pglog:{self.prefix}"

    async def ensure(self, topics: Sequence[Topic]) -> None:
        """See `Bus.ensure`."""
        missing = [topic for topic in topics if self.full(topic.name) not in self.partitions]
        if not missing:
            return
        with as_bus():
            async with self.database.transaction() as tx:
                counts = {topic: await records.ensure(tx, topic, prefix=self.full("")) for topic in missing}
        self.partitions |= {self.full(topic.name): count for topic, count in counts.items()}

    async def publish(self, messages: Sequence[Message]) -> None:
        """See `Bus.publish`. All of `messages` become durable together, or none."""
        with as_bus():
            async with self.database.transaction() as tx:
                await self.publish_in(tx, messages)

    def shares(self, database: Database) -> bool:
        """See `TransactionalBus.shares`."""
        return database is self.database

    async def publish_in(self, tx: Transaction, messages: Sequence[Message]) -> None:
        """See `TransactionalBus.publish_in`."""
        if not messages:
            return
        await self.ensure(list({message.topic.name: message.topic for message in messages}.values()))
        channel = None if self.database.alone else CHANNEL
        touched = await records.append(
            tx, messages, prefix=self.full(""), partitions=self.partitions, channel=channel
        )
        touch(tx, *touched)

    async def subscribe(self, topics: Sequence[Topic], *, group: str, assigned: Assigned) -> PgSubscription:
        """See `Bus.subscribe`."""
        await self.ensure(topics)
        if self._keeper is None:
            with as_bus():
                await self._open()
        subscription = PgSubscription(self, topics, self.full(group), assigned)
        self._members.add(subscription)
        return subscription

    def forget(self, subscription: PgSubscription) -> None:
        """Keep `subscription` alive no more."""
        self._members.discard(subscription)

    async def ends(self, topic: Topic) -> Mapping[Partition, int]:
        """See `Bus.ends`."""
        with as_bus():
            async with self.database.reading() as connection:
                rows = await connection.execute(
                    text("SELECT number, next_offset FROM kit.log_partitions WHERE topic = :topic"),
                    {"topic": self.full(topic.name)},
                )
                return {Partition(topic.name, row.number): row.next_offset for row in rows}

    async def announce(self, tx: Transaction, name: str) -> None:
        """Wake whoever waits for `name`, in any process, when `tx` commits."""
        touch(tx, name)
        if not self.database.alone:
            await tx.execute(text("SELECT pg_notify(:channel, :name)"), {"channel": CHANNEL, "name": name})

    async def trim(self) -> int:
        """Delete what retention and compaction allow; returns how many records went."""
        gone = 0
        for topic in list(self.partitions):
            more = 1
            while more:
                async with self.database.transaction() as tx:
                    more = await records.trim(tx, topic)
                gone += more
        return gone

    async def close(self) -> None:
        """Leave every group and stop the housekeeping."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
        for member in list(self._members):
            try:
                await member.close()
            except RetryableError as error:
                _log.warning("Could not leave a group; its heartbeat will run out: %s", error)

    async def _open(self) -> None:
        if self.database.alone:
            # Nobody else is there, so whoever still stands in the table died in an earlier run.
            async with self.database.transaction() as tx:
                await tx.execute(
                    text("DELETE FROM kit.log_members WHERE starts_with(group_name, :prefix)"),
                    {"prefix": self.full("")},
                )
        else:
            await self.database.wakes.listen()
        self._keeper = asyncio.create_task(self._keep(), name="pglog-keeper")

    async def _keep(self) -> None:
        trimmed_at = time.monotonic()
        while True:
            await asyncio.sleep(group.HEARTBEAT)
            try:
                await self._beat()
                if time.monotonic() - trimmed_at >= TRIM_EVERY:
                    await self.trim()
                    trimmed_at = time.monotonic()
            except RetryableError as error:
                _log.warning("No heartbeat to the log: %s", error)
            except Exception:  # noqa: BLE001 - told in full
                # The keeper must outlive a bug of its own: without it, this process would lose its partitions.
                _log.exception("The log's housekeeping failed")

    async def _beat(self) -> None:
        alive = [m.id for m in self._members if time.monotonic() - m.polled_at < STALLED]
        if alive:
            async with self.database.transaction() as tx:
                await group.beat(tx, alive, self.database.wakes.session)
