"""Messages that a group can never handle: kept with their error, shown, and handled again when somebody says so."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import text

from services.contracts.events import Event, MessageDeadLettered
from services.contracts.ids import derived
from services.contracts.values import Slug
from services.kit import outbox
from services.kit.bus import Partition, Record
from services.kit.database import Transaction
from services.kit.wakes import CHANNEL, touch

_COLUMNS = """id, group_name, topic, partition, "offset", key, value, headers, published_at, error, attempts, state,
              failed_at"""
_LONGEST_ERROR = 2000
_slug: TypeAdapter[str] = TypeAdapter(Slug)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message, the group that could not handle it, and why.

    Attributes:
        id: Derived from the log, group, topic, partition and offset.
        group: Who could not handle it.
        record: The message as it was read.
        event: What it says; None where it cannot be decoded.
        error: Why, as the exception's type and text.
        failed_at: Business time of the (last) failure.
        attempts: How often it was tried.
        state: `dead`, `retrying` (somebody asked for another try) or `handled`.
    """

    id: UUID
    group: str
    record: Record
    event: Event | None
    error: str
    failed_at: datetime
    attempts: int = 1
    state: str = "dead"


def dead_letter(
    log: str, group: str, record: Record, event: Event | None, *, error: BaseException, at: datetime
) -> DeadLetter:
    """The letter for `record` of the bus `log`, which failed with `error` at business time `at`."""
    topic, number = record.partition
    letter_id = derived("dead-letter", log, group, topic, number, record.offset)
    return DeadLetter(letter_id, group, record, event, describe(error), at)


def describe(error: BaseException) -> str:
    """An error's type and text, short enough to keep, of characters that PostgreSQL can keep."""
    told = f"{type(error).__name__}: {error}"[:_LONGEST_ERROR]
    return told.encode(errors="replace").decode().replace("\x00", "\N{REPLACEMENT CHARACTER}")


async def bury(tx: Transaction, schema: str, letters: Sequence[DeadLetter]) -> None:
    """Keep `letters`, of one business instant, and say so on the bus through the outbox of `schema`."""
    if not letters:
        return
    await tx.execute(
        text("""
            INSERT INTO kit.dead_letters
                (id, group_name, topic, partition, "offset", key, value, headers, published_at, error, failed_at)
            VALUES (:id, :group, :topic, :partition, :offset, :key, :value, CAST(:headers AS jsonb), :published_at,
                    :error, :failed_at)
            ON CONFLICT (id) DO UPDATE SET error = excluded.error, failed_at = excluded.failed_at,
                attempts = dead_letters.attempts + 1, state = 'dead'
        """),
        [_row(letter) for letter in letters],
    )
    await outbox.write(tx, schema, [_event(letter) for letter in letters], occurred_at=letters[-1].failed_at)


async def find(
    tx: Transaction, *, group: str | None = None, state: str | None = None, limit: int = 100
) -> list[DeadLetter]:
    """The newest letters, of one group and in one state where given."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS} FROM kit.dead_letters
            WHERE (CAST(:group AS text) IS NULL OR group_name = :group)
              AND (CAST(:state AS text) IS NULL OR state = :state)
            ORDER BY failed_at DESC, id LIMIT :limit
        """),  # noqa: S608 - the columns are a constant
        {"group": group, "state": state, "limit": limit},
    )
    return [_letter(row) for row in rows]


async def ask_again(tx: Transaction, *, ids: Sequence[UUID] | None = None, group: str | None = None) -> int:
    """Have dead letters handled again by the group that failed: these `ids`, or all (of `group`). How many."""
    asked = await tx.execute(
        text("""
            UPDATE kit.dead_letters SET state = 'retrying'
            WHERE state = 'dead' AND (CAST(:ids AS uuid[]) IS NULL OR id = ANY(:ids))
              AND (CAST(:group AS text) IS NULL OR group_name = :group)
            RETURNING group_name
        """),
        {"ids": None if ids is None else list(ids), "group": group},
    )
    groups = asked.scalars().all()
    for name in {wake(group) for group in groups}:
        touch(tx, name)
        await tx.execute(text("SELECT pg_notify(:channel, :name)"), {"channel": CHANNEL, "name": name})
    return len(groups)


async def claim(tx: Transaction, group: str) -> DeadLetter | None:
    """The first letter of `group` that somebody wants handled again; locked until `tx` ends."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS} FROM kit.dead_letters WHERE group_name = :group AND state = 'retrying'
            ORDER BY topic, partition, "offset" LIMIT 1 FOR UPDATE SKIP LOCKED
        """),  # noqa: S608 - the columns are a constant
        {"group": group},
    )
    row = rows.one_or_none()
    return None if row is None else _letter(row)


async def settle(tx: Transaction, letter: DeadLetter, *, error: str | None, at: datetime) -> None:
    """Note how another try ended: handled, or dead again with `error`, at business time `at`."""
    await tx.execute(
        text("""
            UPDATE kit.dead_letters SET attempts = attempts + 1,
                state = CASE WHEN CAST(:error AS text) IS NULL THEN 'handled' ELSE 'dead' END,
                handled_at = CASE WHEN CAST(:error AS text) IS NULL THEN CAST(:at AS timestamptz) END,
                failed_at = CASE WHEN CAST(:error AS text) IS NULL THEN failed_at ELSE :at END,
                error = coalesce(:error, error)
            WHERE id = :id
        """),
        {"id": letter.id, "error": error, "at": at},
    )


def wake(group: str) -> str:
    """The name bumped when a letter of `group` is to be handled again."""
    return f"dead-letters:{group}"


def _row(letter: DeadLetter) -> dict[str, Any]:
    record = letter.record
    return {
        "id": letter.id,
        "group": letter.group,
        "topic": record.partition.topic,
        "partition": record.partition.number,
        "offset": record.offset,
        "key": record.key,
        "value": record.value,
        "headers": json.dumps(dict(record.headers)),
        "published_at": record.published_at,
        "error": letter.error,
        "failed_at": letter.failed_at,
    }


def _letter(row: Any) -> DeadLetter:  # noqa: ANN401 - a row of `_COLUMNS`
    partition = Partition(row.topic, row.partition)
    record = Record(partition, row.offset, row.key, row.value, row.headers, row.published_at)
    return DeadLetter(row.id, row.group_name, record, None, row.error, row.failed_at, row.attempts, row.state)


def _event(letter: DeadLetter) -> MessageDeadLettered:
    record = letter.record
    try:
        brand = _slug.validate_python(record.key)
    except ValidationError:
        brand = "unknown"
    return MessageDeadLettered(
        brand=brand,
        group=letter.group,
        source_topic=record.partition.topic,
        partition=record.partition.number,
        offset=record.offset,
        error=letter.error,
        value_base64=base64.b64encode(record.value).decode(),
        failed_at=letter.failed_at,
    )
