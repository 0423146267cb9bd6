"""Housekeeping looks at what is old, not at everything there is: read off PostgreSQL's own plans."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text

from services.kit import outbox
from services.kit.database import Database, Transaction
from services.kit.idempotency import _sweep
from services.kit.outbox import Relay


@contextmanager
def heard(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """The statements executed meanwhile, with their values, as the driver gets them."""
    said: list[tuple[str, Any]] = []

    def listen(_c: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        said.append((statement, values))

    event.listen(database.engine.sync_engine, "before_cursor_execute", listen)
    yield said
    event.remove(database.engine.sync_engine, "before_cursor_execute", listen)


async def plan_of(tx: Transaction, said: list[tuple[str, Any]], beginning: str) -> str:
    """The plan of the one statement that begins so."""
    ((statement, values),) = [one for one in said if one[0].strip().startswith(beginning)]
    rows = await tx.exec_driver_sql(f"EXPLAIN {statement}", values)
    return "\n".join(row[0] for row in rows)


@pytest.fixture
async def full(database: Database) -> Database:
    async with database.transaction() as tx:
        await tx.execute(
            text("""
                INSERT INTO kit.idempotency (owner, route, key, request_hash, status, headers, body)
                SELECT 'o', 'r', 'k' || n, '', 200, '{}', '' FROM generate_series(1, 20000) AS n
            """)
        )
        await tx.execute(
            text("""
                INSERT INTO rules.outbox (number, topic, key, compaction_key, value, headers, published_at)
                SELECT n, 't', 'k', 'k', '', '{}', clock_timestamp() FROM generate_series(1, 20000) AS n
            """)
        )
    async with database.reading() as connection:
        await connection.execute(text("ANALYZE kit.idempotency, rules.outbox"))
    return database


async def test_forgetting_answers_searches_the_oldest(full: Database) -> None:
    with heard(full) as said:
        async with full.transaction() as tx:
            await _sweep(tx)
    async with full.transaction() as tx:
        assert "Index Cond: (created_at <" in await plan_of(tx, said, "DELETE")


async def test_trimming_an_outbox_searches_the_oldest(
    full: Database, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_TRIM_EVERY", 0.0)
    with heard(full) as said:
        await Relay(full, kit.bus, "rules").run_once(wait=0)
    async with full.transaction() as tx:
        assert "Index Cond: (published_at <" in await plan_of(tx, said, "DELETE")
