"""The log's rows: appended under their partition's lock, read in offset order, trimmed by age.

A sequence would give offsets in the order of asking, not of committing: a reader could pass 7 while 6 is still being
written, and never see 6. So offsets are handed out under a lock on the partition's row that is held until the commit.
Topics are stored under their full name, prefix included.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.codec import Message
from services.contracts.topics import Topic
from services.kit.bus import Partition, Record
from services.kit.database import Transaction

_CHUNK = 1000
"""Records of a partition deleted by one trimming transaction at most, so that none is long."""

_LOCK = text("""
    SELECT p.topic, p.number, p.next_offset
    FROM kit.log_partitions p
    JOIN unnest(CAST(:topics AS text[]), CAST(:numbers AS integer[])) AS w(topic, number) USING (topic, number)
    ORDER BY p.topic, p.number
    FOR UPDATE OF p
""")

_APPEND = text("""
    WITH moved AS (
        UPDATE kit.log_partitions p SET next_offset = w.next_offset
        FROM unnest(CAST(:heads_topics AS text[]), CAST(:heads_numbers AS integer[]), CAST(:heads AS bigint[]))
             AS w(topic, number, next_offset)
        WHERE p.topic = w.topic AND p.number = w.number
    ), told AS (
        SELECT pg_notify(CAST(:channel AS text), topic) FROM unnest(CAST(:woken AS text[])) AS w(topic)
    ), appended AS (
        INSERT INTO kit.log_records (topic, partition, "offset", key, compaction_key, value, headers)
        SELECT topic, number, start, key, compaction_key, value, CAST(headers AS jsonb) FROM unnest(
            CAST(:topics AS text[]), CAST(:numbers AS integer[]), CAST(:offsets AS bigint[]), CAST(:keys AS text[]),
            CAST(:compaction_keys AS text[]), CAST(:values AS bytea[]), CAST(:headers AS text[]))
            AS w(topic, number, start, key, compaction_key, value, headers)
    )
    SELECT count(*) FROM told
""")

_READ = text("""
    SELECT w.place, r."offset", r.key, r.value, r.headers, r.published_at
    FROM unnest(CAST(:topics AS text[]), CAST(:numbers AS integer[]), CAST(:offsets AS bigint[]))
         WITH ORDINALITY AS w(topic, number, start, place)
    CROSS JOIN LATERAL (
        SELECT * FROM kit.log_records r
        WHERE r.topic = w.topic AND r.partition = w.number AND r."offset" >= w.start
        ORDER BY r."offset" LIMIT :limit
    ) r
    ORDER BY w.place, r."offset" LIMIT :limit
""")

# The newest record of a partition always stays, so that a reader that was far behind still arrives at the end.
# Age grows towards the beginning, so only the first records of each partition are looked at.
_TRIM_OLD = text("""
    DELETE FROM kit.log_records r
    USING (
        SELECT p.number, (
            SELECT max(first."offset") FROM (
                SELECT o."offset", o.published_at FROM kit.log_records o
                WHERE o.topic = p.topic AND o.partition = p.number AND o."offset" < p.next_offset - 1
                ORDER BY o."offset" LIMIT :chunk
            ) first
            WHERE first.published_at < clock_timestamp() - t.retention
        ) AS last_old
        FROM kit.log_partitions p JOIN kit.log_topics t USING (topic)
        WHERE p.topic = :topic AND NOT t.compacted
    ) old
    WHERE r.topic = :topic AND r.partition = old.number AND r."offset" <= old.last_old
""")

_TRIM_SUPERSEDED = text("""
    DELETE FROM kit.log_records r
    USING kit.log_topics t
    WHERE t.topic = :topic AND t.compacted AND r.topic = t.topic
      AND r.published_at < clock_timestamp() - t.retention
      AND EXISTS (
        SELECT FROM kit.log_records n
        WHERE n.topic = r.topic AND n.partition = r.partition AND n."offset" > r."offset"
          AND n.compaction_key = r.compaction_key)
""")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A partition to read, and from where."""

    partition: Partition
    offset: int


def partition_of(key: str, partitions: int) -> int:
    """Which of `partitions` holds `key`: stable over processes, versions and machines."""
    return crc32(key.encode()) % partitions


async def append(
    tx: Transaction,
    messages: Sequence[Message],
    *,
    prefix: str,
    partitions: Mapping[str, int],
    channel: str | None,
) -> frozenset[str]:
    """Write `messages` behind the ends of their partitions; returns the full names of the topics written to.

    Whatever the number of messages, it takes two statements. Partitions are locked in one order everywhere, so
    that two publishers never wait for each other. Readers in other processes are notified on `channel`, if given.
    """
    places = [
        (prefix + m.topic.name, partition_of(m.key, partitions[prefix + m.topic.name])) for m in messages
    ]
    wanted = sorted(set(places))
    locked = await tx.execute(_LOCK, {"topics": [t for t, _ in wanted], "numbers": [n for _, n in wanted]})
    heads: dict[tuple[str, int], int] = {(row.topic, row.number): row.next_offset for row in locked}
    offsets = []
    for place in places:
        offsets.append(heads[place])
        heads[place] += 1
    topics = frozenset(topic for topic, _ in places)
    await tx.execute(
        _APPEND,
        {
            "heads_topics": [topic for topic, _ in heads],
            "heads_numbers": [number for _, number in heads],
            "heads": list(heads.values()),
            "channel": channel,
            "woken": sorted(topics) if channel else [],
            "topics": [topic for topic, _ in places],
            "numbers": [number for _, number in places],
            "offsets": offsets,
            "keys": [m.key for m in messages],
            "compaction_keys": [m.compaction_key for m in messages],
            "values": [m.value for m in messages],
            "headers": [json.dumps(m.headers) for m in messages],
        },
    )
    return topics


async def read(
    connection: AsyncConnection, wanted: Sequence[Wanted], *, prefix: str, limit: int
) -> dict[Partition, list[Record]]:
    """At most `limit` records of `wanted`, the first of them served first."""
    rows = await connection.execute(
        _READ,
        {
            "topics": [prefix + w.partition.topic for w in wanted],
            "numbers": [w.partition.number for w in wanted],
            "offsets": [w.offset for w in wanted],
            "limit": limit,
        },
    )
    found: dict[Partition, list[Record]] = {}
    for row in rows:
        partition = wanted[row.place - 1].partition
        found.setdefault(partition, []).append(_record(partition, row))
    return found


async def trim(tx: Transaction, topic: str) -> int:
    """Delete what is older than the topic's retention and, where it is compacted, superseded. How many went."""
    old = await tx.execute(_TRIM_OLD, {"topic": topic, "chunk": _CHUNK})
    superseded = await tx.execute(_TRIM_SUPERSEDED, {"topic": topic})
    return old.rowcount + superseded.rowcount


async def ensure(tx: Transaction, topic: Topic, *, prefix: str) -> int:
    """Create what is missing of `topic`; returns how many partitions it has, which may be more than asked for."""
    name = {"topic": prefix + topic.name}
    await tx.execute(
        text("""
            INSERT INTO kit.log_topics (topic, retention, compacted) VALUES (:topic, :retention, :compacted)
            ON CONFLICT (topic) DO UPDATE SET retention = excluded.retention, compacted = excluded.compacted
            WHERE (log_topics.retention, log_topics.compacted) IS DISTINCT FROM (excluded.retention, excluded.compacted)
        """),
        name | {"retention": topic.retention, "compacted": topic.compacted},
    )
    await tx.execute(
        text("""
            INSERT INTO kit.log_partitions (topic, number) SELECT :topic, generate_series(0, :last)
            ON CONFLICT DO NOTHING
        """),
        name | {"last": topic.partitions - 1},
    )
    counted = await tx.execute(text("SELECT count(*) FROM kit.log_partitions WHERE topic = :topic"), name)
    return int(counted.scalar_one())


def _record(partition: Partition, row: Any) -> Record:  # noqa: ANN401 - a row of `_READ`
    return Record(partition, row.offset, row.key, row.value, row.headers, row.published_at)
