"""The bus, as every part of the product sees it: durable topics, ordered per key, read by groups.

Two adapters keep this protocol and pass one conformance suite: `pglog` (embedded, in PostgreSQL) and `kafka`.
A group's position is not the bus's business: consumers keep it in their own database, in the transaction of what
they did (`consume`), and tell the bus only for monitoring.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, runtime_checkable

from services.contracts.codec import Message
from services.contracts.errors import RetryableError
from services.contracts.topics import Topic
from services.kit.database import Database, Transaction


class BusAwayError(RetryableError):
    """The broker (or the database that plays it) cannot be reached or refuses for now."""


class Partition(NamedTuple):
    """One ordered part of a topic; `topic` is the topic's name without prefix."""

    topic: str
    number: int


@dataclass(frozen=True, slots=True)
class Record:
    """A message as read back: where it stood, and its bytes."""

    partition: Partition
    offset: int
    key: str
    value: bytes
    headers: Mapping[str, str]
    published_at: datetime


Assigned = Callable[[Sequence[Partition]], Awaitable[Mapping[Partition, int]]]
"""Called with newly assigned partitions; returns the offset to start each at (0 for the beginning)."""


class Subscription(Protocol):
    """A group member's reading of some topics. Not safe for use by two tasks at once."""

    async def poll(self, *, limit: int, wait: float) -> Mapping[Partition, Sequence[Record]]:
        """The next records of the partitions this member owns now, at most `limit` in all, in offset order.

        Waits at most `wait` machine seconds for something to come; empty when nothing did. Calls `assigned` first
        whenever ownership changed. Polling again moves on: what was returned is not returned again, unless `seek`.

        Raises:
            BusAwayError: Try again.
        """
        ...

    def seek(self, partition: Partition, offset: int) -> None:
        """Read `partition` from `offset` on, at the next poll. Ignored for one that is not owned any more."""
        ...

    def pause(self, partition: Partition) -> None:
        """Return nothing from `partition` until `resume`; it stays owned."""
        ...

    def resume(self, partition: Partition) -> None:
        """Undo `pause`."""
        ...

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Tell the broker the next offset of each partition. For monitoring tools only; nothing reads it back."""
        ...

    async def close(self) -> None:
        """Leave the group, so that others take over at once."""
        ...


class Bus(Protocol):
    """Where messages are published and read."""

    async def identity(self) -> str:
        """Names the log in which offsets count: another broker, or another prefix, is another log.

        Raises:
            BusAwayError: It cannot be told now.
        """
        ...

    async def ensure(self, topics: Sequence[Topic]) -> None:
        """Create what does not exist yet. Never shrinks or deletes."""
        ...

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return when every message is durable. Those of one key stay in order, also after a partial failure.

        Raises:
            BusAwayError: Some may have been published; publishing all again is safe for readers that deduplicate.
        """
        ...

    async def subscribe(self, topics: Sequence[Topic], *, group: str, assigned: Assigned) -> Subscription:
        """Join `group` on `topics`."""
        ...

    async def ends(self, topic: Topic) -> Mapping[Partition, int]:
        """For each partition, the offset the next record will get: with a group's own offsets this gives lag."""
        ...

    async def close(self) -> None:
        """Flush, leave, disconnect."""
        ...


@runtime_checkable
class TransactionalBus(Protocol):
    """A bus whose log may live in the same database as what is published: then both commit together."""

    def shares(self, database: Database) -> bool:
        """Whether `publish_in` works with transactions of `database`."""
        ...

    async def publish_in(self, tx: Transaction, messages: Sequence[Message]) -> None:
        """Publish as part of `tx`: visible to readers when, and only if, it commits."""
        ...
