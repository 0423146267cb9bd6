"""What the log in PostgreSQL promises beyond any bus: commit order, trimming, compaction, and free idle checks."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import event, text

from services.contracts import topics
from services.contracts.codec import encode
from services.contracts.events import BrandDefined, CoverageRemoved, MessageDeadLettered
from services.contracts.topics import Topic
from services.kit import outbox
from services.kit.bus import Partition
from services.kit.consume import Consumer
from services.kit.database import Database
from services.kit.outbox import Relay
from services.kit.pglog import PgLog

AT_THE_BEGINNING = 0


@pytest.fixture
async def log(database):
    log = PgLog(database, prefix=f"test-{uuid4().hex[:8]}")
    await log.ensure([topics.BRANDS])
    yield log
    await log.close()


@pytest.fixture
async def simulated(database_url):
    database = Database(database_url, durable=False, alone=True)
    yield database
    await database.close()


def _brand(clock, revision, brand="acme"):
    return encode(BrandDefined(brand=brand, name=brand, revision=revision), clock.now())


async def _subscribe(log, group="g", topic=topics.BRANDS):
    async def from_the_beginning(partitions):
        return dict.fromkeys(partitions, AT_THE_BEGINNING)

    return await log.subscribe([topic], group=group, assigned=from_the_beginning)


async def _revisions(subscription):
    found = []
    while records := await subscription.poll(limit=1000, wait=0):
        found.extend(record.offset for some in records.values() for record in some)
    return found


async def test_a_reader_never_passes_an_offset_that_is_still_being_written(log, clock, database_url):
    subscription = await _subscribe(log)
    other = PgLog(Database(database_url), prefix=log.prefix)
    async with log.database.transaction() as tx:
        await log.publish_in(tx, [_brand(clock, 1)])
        # A second publisher of the same partition has to wait: it cannot get an offset, let alone commit one.
        later = asyncio.create_task(other.publish([_brand(clock, 2)]))
        await _until_somebody_waits_for_a_lock(log)
        assert await subscription.poll(limit=10, wait=0) == {}
    await later
    assert await _revisions(subscription) == [0, 1]
    await other.close()
    await other.database.close()


async def test_a_publish_that_rolls_back_leaves_no_gap(log, clock):
    async def publish_and_break():
        async with log.database.transaction() as tx:
            await log.publish_in(tx, [_brand(clock, 1)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await publish_and_break()
    await log.publish([_brand(clock, 2)])
    assert await _revisions(await _subscribe(log)) == [0]


async def test_old_records_go_and_a_late_reader_still_arrives_at_the_end(log, clock):
    topic = topics.DEAD_LETTERS

    def letter(offset):
        fact = {"group": "g", "source_topic": "t", "partition": 0, "error": "e", "value_base64": ""}
        return encode(
            MessageDeadLettered(brand="acme", offset=offset, failed_at=clock.now(), **fact), clock.now()
        )

    await log.publish([letter(n) for n in range(2500)])
    assert await log.trim() == 0
    await _age(log, topic, by=topic.retention)
    await log.publish([letter(n) for n in range(2500, 2503)])
    assert await log.trim() == 2500
    await _age(log, topic, by=topic.retention)
    assert await log.trim() == 2, "the newest record of a partition stays"
    (end,) = [end for end in (await log.ends(topic)).values() if end]
    assert await _revisions(await _subscribe(log, topic=topic)) == [end - 1]


async def test_a_compacted_topic_keeps_the_newest_of_each_key_for_ever(log, clock):
    await log.publish(
        [_brand(clock, revision, brand) for revision in (1, 2, 3) for brand in ("acme", "globex")]
    )
    assert await log.trim() == 0, "superseded, but not old"
    await _age(log, topics.BRANDS, by=topics.BRANDS.retention)
    assert await log.trim() == 4
    subscription = await _subscribe(log)
    found = await subscription.poll(limit=100, wait=0)
    kept = {record.key: record.value for records in found.values() for record in records}
    assert {brand: b'"revision":3' in value for brand, value in kept.items()} == {
        "acme": True,
        "globex": True,
    }


async def test_ensuring_never_shrinks_and_keys_follow_the_partitions_that_are_there(log, clock, database_url):
    wide = Topic(topics.BRANDS.name, partitions=12, compacted=True)
    newer = PgLog(Database(database_url), prefix=log.prefix)
    await newer.ensure([wide])
    older = PgLog(newer.database, prefix=log.prefix)
    await older.ensure([topics.BRANDS])
    assert len(await older.ends(topics.BRANDS)) == 12
    await newer.publish([_brand(clock, 1, f"b{n}") for n in range(50)])
    before = await newer.ends(topics.BRANDS)
    await older.publish([_brand(clock, 2, f"b{n}") for n in range(50)])
    assert await older.ends(topics.BRANDS) == {partition: 2 * end for partition, end in before.items()}
    await newer.database.close()


async def test_prefixes_keep_installations_apart(log, clock):
    other = PgLog(log.database, prefix="another")
    await log.publish([_brand(clock, 1)])
    assert await _revisions(await _subscribe(other)) == []
    assert await log.identity() != await other.identity()
    await other.close()


async def test_publishing_takes_as_many_round_trips_for_a_thousand_as_for_one(log, clock):
    counts = []
    for messages in (1, 1000):
        with _Statements(log.database) as statements:
            await log.publish([_brand(clock, n + 1, f"b{n}") for n in range(messages)])
        counts.append(len(statements.seen))
    assert counts == [2, 2]


async def test_idle_checks_are_free_where_the_process_is_alone(simulated, clock):
    log = PgLog(simulated, prefix="sim")
    subscription = await _subscribe(log)
    relay = Relay(simulated, log, "rules")
    assert await subscription.poll(limit=10, wait=0) == {}
    assert not await relay.run_once(wait=0)
    with _Statements(simulated) as statements:
        assert await subscription.poll(limit=10, wait=0) == {}
        assert not await relay.run_once(wait=0)
    assert statements.seen == []

    async with simulated.transaction() as tx:
        await outbox.write(tx, "rules", [CoverageRemoved(brand="acme", revision=1)], occurred_at=clock.now())
        assert not await relay.run_once(wait=0), "it is not committed yet"
    assert await relay.run_once(wait=0)
    await log.publish([_brand(clock, 1)])
    assert await _revisions(subscription) == [0]
    subscription.seek(Partition(topics.BRANDS.name, _partition_of_acme(await log.ends(topics.BRANDS))), 0)
    assert await _revisions(subscription) == [0]
    await log.close()


async def test_a_listener_that_lost_its_connection_hears_again(log, clock, database_url):
    subscription = await _subscribe(log)
    wakes = log.database.wakes
    first = wakes.session
    assert first is not None
    async with log.database.transaction() as tx:
        await tx.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": first[0]})
    async with asyncio.timeout(20):
        while wakes.session in {None, first}:
            await log.database.ping()
    other = PgLog(Database(database_url), prefix=log.prefix)
    await subscription.poll(limit=10, wait=0)
    waiting = asyncio.create_task(subscription.poll(limit=10, wait=30))
    await other.publish([_brand(clock, 1)])
    assert await asyncio.wait_for(waiting, 20)
    await other.database.close()


class _Statements:
    """The statements that a database executes inside the block."""

    def __init__(self, database):
        self._engine = database.engine.sync_engine
        self.seen = []

    def _note(self, _connection, _cursor, statement, *_rest):
        self.seen.append(statement)

    def __enter__(self):
        event.listen(self._engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_):
        event.remove(self._engine, "before_cursor_execute", self._note)


def _partition_of_acme(ends):
    return next(partition.number for partition, end in ends.items() if end)


async def _age(log, topic, *, by):
    async with log.database.transaction() as tx:
        await tx.execute(
            text(
                "UPDATE kit.log_records SET published_at = published_at - CAST(:by AS interval) WHERE topic = :topic"
            ),
            {"by": by + timedelta(minutes=1), "topic": log.full(topic.name)},
        )


async def _until_somebody_waits_for_a_lock(log):
    async with asyncio.timeout(20):
        while True:
            async with log.database.transaction() as tx:
                waiting = await tx.execute(
                    text("""
                        SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'
                    """)
                )
                if waiting.scalar_one():
                    return


async def test_records_that_retention_took_before_they_were_read_are_told(log, clock, database, caplog):
    """A group that was away for longer than records are kept goes on behind the hole, and says how deep it was."""
    topic = Topic("once.v1", partitions=1)

    async def ignore(_, received):
        del received

    def group(name):
        return Consumer(
            database=database, bus=log, clock=clock, group=name, topics=[topic], schema="rules", handle=ignore
        )

    def letters(first, last):
        event = CoverageRemoved(brand="acme", revision=1)
        message = encode(event, clock.now())
        return [replace(message, topic=topic) for _ in range(first, last)]

    async def settle(consumer):
        while await consumer.run_once(wait=0):
            pass
        await consumer.close()

    await log.ensure([topic])
    await log.publish(letters(0, 3))
    await settle(group("away"))
    await log.publish(letters(3, 10))
    await _age(log, topic, by=topic.retention)
    await log.publish(letters(10, 12))
    assert await log.trim() == 10

    await settle(group("new"))
    assert "has missed" not in caplog.text, "who was never there has missed nothing"
    await settle(group("away"))
    assert "away has missed 7 records of once.v1/0" in caplog.text
    lost = REGISTRY.get_sample_value("veilleur_consumer_lost_total", {"group": "away", "topic": "once.v1"})
    assert lost == 7
