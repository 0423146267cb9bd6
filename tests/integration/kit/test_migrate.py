"""Revisions, on a real database."""

import asyncio

import pytest
from sqlalchemy import text

from services.kit.database import Database
from services.kit.migrate import UnknownRevisionError, downgrade, migrate, revisions, wanted

SCHEMAS = "SELECT array_agg(nspname::text ORDER BY nspname) FROM pg_namespace WHERE nspname = ANY(:names)"
OURS = ["ingest", "kit", "notify", "rules"]


async def look(url: str, statement: str, **values: object) -> object:
    database = Database(url, pool_size=1)
    try:
        async with database.transaction() as tx:
            return await tx.scalar(text(statement), values)
    finally:
        await database.close()


async def test_a_migrated_database_is_at_the_revision_this_program_wants(database: Database) -> None:
    async with database.transaction() as tx:
        assert (await revisions(tx)).match


async def test_an_empty_database_is_at_no_revision(empty_database_url: str) -> None:
    database = Database(empty_database_url, pool_size=1)
    async with database.transaction() as tx:
        found = await revisions(tx)
    await database.close()
    assert (found.current, found.match) == (None, False)


async def test_every_revision_goes_up_down_to_nothing_and_up_again(empty_database_url: str) -> None:
    await migrate(empty_database_url)
    assert await look(empty_database_url, SCHEMAS, names=OURS) == OURS
    await downgrade(empty_database_url, to="base")
    assert await look(empty_database_url, SCHEMAS, names=OURS) is None
    await migrate(empty_database_url)
    assert await look(empty_database_url, "SELECT version_num FROM alembic_version") == wanted()


async def test_processes_that_start_together_migrate_once(empty_database_url: str) -> None:
    await asyncio.gather(*(migrate(empty_database_url) for _ in range(4)))
    assert await look(empty_database_url, "SELECT count(*) FROM alembic_version") == 1


async def test_migrating_again_changes_nothing(database_url: str) -> None:
    await migrate(database_url)
    assert await look(database_url, "SELECT version_num FROM alembic_version") == wanted()


async def test_a_database_of_a_newer_version_is_left_alone(database_url: str) -> None:
    await look(database_url, "UPDATE alembic_version SET version_num = '9999_later' RETURNING 1")
    with pytest.raises(UnknownRevisionError, match="9999_later"):
        await migrate(database_url)
    assert await look(database_url, "SELECT version_num FROM alembic_version") == "9999_later"
