"""Events that leave with the state they follow from: written in its transaction, published by the schema's relay."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import TextClause, text

from services.contracts import topics
from services.contracts.codec import Message, encode
from services.contracts.events import Event
from services.contracts.topics import Topic
from services.kit.bus import Bus, TransactionalBus
from services.kit.database import Database, Transaction
from services.kit.wakes import CHANNEL, touch

KEPT = timedelta(days=7)
"""How long published rows stay, in machine time, for streams to resume from: as long as the bus keeps records."""

BATCH = 500
"""Rows published by one transaction at most."""

_TRIM_EVERY = 600.0
_LOOK = 1.0
_TOPICS: dict[str, Topic] = {topic.name: topic for topic in topics.ALL}

_log = logging.getLogger(__name__)


async def write(tx: Transaction, schema: str, events: Sequence[Event], *, occurred_at: datetime) -> None:
    """Have `events` published, in this order, if and when `tx` commits.

    Call it after locking what the events are about (an alert's row, a consumer's position): of two transactions
    that share a lock, the second then writes after the first has committed, and is published after it.

    Args:
        tx: The transaction of the state that the events follow from.
        schema: The schema that owns that state; its outbox is used.
        events: What happened; none is fine.
        occurred_at: Business time at which it did.
    """
    if not events:
        return
    messages = [encode(event, occurred_at) for event in events]
    touch(tx, _name(schema))
    await tx.execute(
        _insertion(schema),
        {
            "topics": [m.topic.name for m in messages],
            "keys": [m.key for m in messages],
            "compaction_keys": [m.compaction_key for m in messages],
            "values": [m.value for m in messages],
            "headers": [json.dumps(m.headers) for m in messages],
            "channel": CHANNEL,
            "name": _name(schema),
        },
    )


@cache
def _insertion(schema: str) -> TextClause:
    return text(f"""
        WITH waiting AS (
            INSERT INTO {schema}.outbox (topic, key, compaction_key, value, headers)
            SELECT w.topic, w.key, w.compaction_key, w.value, CAST(w.headers AS jsonb)
            FROM unnest(CAST(:topics AS text[]), CAST(:keys AS text[]), CAST(:compaction_keys AS text[]),
                        CAST(:values AS bytea[]), CAST(:headers AS text[]))
                 WITH ORDINALITY AS w(topic, key, compaction_key, value, headers, place)
            ORDER BY w.place
        )
        SELECT pg_notify(:channel, :name)
    """)  # noqa: S608 - the schema is a name in our code, never input


class Relay:
    """Publishes a schema's outbox; any number of them may run, one works at a time.

    Order: rows are published by `position`, which follows the order of writing, not of committing. That suffices.
    A row that commits late has no number yet, so it is found and published late, never skipped. And where the order
    of two transactions means something, they held a common lock (see `write`), so that the second one's rows have
    both the higher position and the later commit. Only rows of unrelated transactions may overtake each other.

    Crashes: on a bus in the same database (`TransactionalBus`), publishing and marking commit together, and each
    event is published once. On another bus a crash between the two publishes again, under the same event ids and
    numbers; what consumers make of an event has ids derived from it, so a repeat changes nothing.

    Args:
        database: Where the schema is.
        bus: Where its events go.
        schema: Whose outbox.
    """

    def __init__(self, database: Database, bus: Bus, schema: str) -> None:
        self.name = f"{schema}-relay"
        self._database = database
        self._bus = bus
        self._schema = schema
        self._wake = frozenset({_name(schema)})
        self._idle_at: int | None = None
        self._trimmed_at = time.monotonic()

    async def run_once(self, *, wait: float) -> bool:
        """Publish what waits, at most `BATCH` rows. See `Worker.run_once`."""
        wakes = self._database.wakes
        seen = wakes.count(self._wake)
        if self._database.alone and self._idle_at == seen:
            # Every commit was made in this process, and none of them wrote to this outbox since the last look.
            published = 0
        else:
            published = await self._publish()
        # Less than was asked for is all there was: only what is written from now on is worth another look.
        self._idle_at = seen if published < BATCH else None
        if published:
            return True
        await self._trim_if_due()
        if wait > 0:
            if not self._database.alone:
                await wakes.listen()
            await wakes.wait(self._wake, seen=seen, timeout=min(wait, _LOOK))
        return False

    async def close(self) -> None:
        """Nothing is held between two runs."""

    async def _publish(self) -> int:
        async with self._database.transaction() as tx:
            if not await self._turn(tx):
                return 0
            rows = (await tx.execute(text(_waiting(self._schema)), {"batch": BATCH})).all()
            if not rows:
                return 0
            messages = [Message(_TOPICS[r.topic], r.key, r.value, r.headers, r.compaction_key) for r in rows]
            if isinstance(self._bus, TransactionalBus) and self._bus.shares(self._database):
                await self._bus.publish_in(tx, messages)
            else:
                await self._bus.publish(messages)
            await tx.execute(text(_mark(self._schema)), {"positions": [row.position for row in rows]})
        return len(rows)

    async def _turn(self, tx: Transaction) -> bool:
        """Whether this relay is the one that works now, until `tx` ends."""
        if self._database.alone:
            return True
        locked = await tx.execute(
            text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": self.name}
        )
        return bool(locked.scalar_one())

    async def _trim_if_due(self) -> None:
        if time.monotonic() - self._trimmed_at < _TRIM_EVERY:
            return
        async with self._database.transaction() as tx:
            # The statement's time, which is one instant: by a clock that goes on, no index could be searched.
            gone = await tx.execute(
                text(f"""
                    DELETE FROM {self._schema}.outbox WHERE published_at < statement_timestamp() - CAST(:kept AS interval)
                """),  # noqa: S608 - see `write`
                {"kept": KEPT},
            )
        self._trimmed_at = time.monotonic()
        _log.debug("%s deleted %d published rows", self.name, gone.rowcount)


def _name(schema: str) -> str:
    return f"outbox:{schema}"


def _waiting(schema: str) -> str:
    return f"""
        SELECT position, topic, key, compaction_key, value, headers FROM {schema}.outbox
        WHERE number IS NULL ORDER BY position LIMIT :batch
    """  # noqa: S608 - see `write`


def _mark(schema: str) -> str:
    return f"""
        WITH head AS (
            UPDATE {schema}.outbox_head SET number = number + cardinality(CAST(:positions AS bigint[]))
            RETURNING number - cardinality(CAST(:positions AS bigint[])) AS before
        )
        UPDATE {schema}.outbox o SET number = head.before + w.place, published_at = clock_timestamp()
        FROM unnest(CAST(:positions AS bigint[])) WITH ORDINALITY AS w(position, place), head
        WHERE o.position = w.position
    """  # noqa: S608 - see `write`
