"""What every test may ask for: a migrated PostgreSQL database of its own, a clock that stands still, a wired process.

The server is embedded, one for the session, unless VEILLEUR_TEST_DATABASE_URL names one where databases may be
created. Modules of the product are imported when a fixture needs them, so that pure tests stay fast.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest

if TYPE_CHECKING:
    import httpx

    from services.kit.clock import ManualClock
    from services.kit.context import Kit
    from services.kit.database import Database
    from services.kit.runtime import Runtime, Service

_FOR_TESTS = ("VEILLEUR_TEST_", "VEILLEUR_DATA")
"""What speaks to the tests, not to the product."""

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
MakeClient = Callable[..., Awaitable["httpx.AsyncClient"]]
MakeRuntime = Callable[..., Awaitable["Runtime"]]


@pytest.fixture(autouse=True, scope="session")
def _clean_environment() -> Iterator[None]:
    """Whatever is set on the machine, tests see the product's defaults."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [
            name for name in os.environ if name.startswith("VEILLEUR_") and not name.startswith(_FOR_TESTS)
        ]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def postgres_url(_clean_environment: None) -> Iterator[str]:
    """A server to create databases on: the URL of its maintenance database."""
    if given := os.environ.get("VEILLEUR_TEST_DATABASE_URL"):
        yield given
        return
    from services.kit.embedded import EmbeddedPostgres

    folder = Path(tempfile.mkdtemp(prefix="veilleur-tests-"))
    server = EmbeddedPostgres(folder, durable=False)
    try:
        server.start()
        yield server.url("postgres")
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def template(postgres_url: str) -> Iterator[str]:
    """The name of a migrated database that each test copies: a copy takes tens of milliseconds, a migration more."""
    from services.kit.migrate import migrate

    name = f"veilleur_template_{uuid4().hex[:12]}"
    _in_a_thread(_administer(postgres_url, f"CREATE DATABASE {name}"))
    try:
        _in_a_thread(migrate(_named(postgres_url, name)))
        yield name
    finally:
        _in_a_thread(_administer(postgres_url, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def empty_database_url(postgres_url: str) -> AsyncIterator[str]:
    """The URL of a database with nothing in it."""
    async with _database(postgres_url, "") as url:
        yield url


@pytest.fixture
async def database_url(postgres_url: str, template: str) -> AsyncIterator[str]:
    """The URL of a migrated database with nothing else in it."""
    # Copying files beats writing them to the log: half the time, many hundred times.
    async with _database(postgres_url, f"TEMPLATE {template} STRATEGY FILE_COPY") as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A pool on a migrated database of this test's own."""
    from services.kit.database import Database

    pool = Database(database_url, durable=False)
    try:
        yield pool
    finally:
        await pool.close()


@pytest.fixture
def clock() -> ManualClock:
    """Business time, standing at Monday 2 March 2026, 8:00 UTC (9:00 in Paris)."""
    from services.kit.clock import ManualClock

    return ManualClock(MONDAY)


@pytest.fixture
async def kit(
    database: Database, database_url: str, clock: ManualClock, tmp_path: Path
) -> AsyncIterator[Kit]:
    """What a service is built from: the real bus on the test's database, the standing clock, known secrets."""
    from services.kit.context import Kit
    from services.kit.pglog import PgLog
    from services.kit.secrets import Secrets
    from services.kit.settings import KitSettings

    key = "a key for tests only, known to everybody"
    settings = KitSettings(
        database_url=database_url,
        data_dir=tmp_path,
        secret_key=key,
        topic_prefix=f"test-{uuid4().hex[:8]}",
        public_url="http://veilleur.test",
    )
    bus = PgLog(database, prefix=settings.topic_prefix)
    try:
        yield Kit(settings=settings, database=database, bus=bus, clock=clock, secrets=Secrets(key))
    finally:
        await bus.close()


@pytest.fixture
async def make_runtime(kit: Kit) -> AsyncIterator[MakeRuntime]:
    """`await make_runtime([service, ...])`: a process to `settle()`; its topics exist, it is closed after the test."""
    from services.kit.runtime import Runtime

    async with AsyncExitStack() as stack:

        async def make(services: Sequence[Service]) -> Runtime:
            await kit.bus.ensure([topic for service in services for topic in service.topics])
            runtime = Runtime(services, bus=kit.bus, clock=kit.clock)
            stack.push_async_callback(runtime.close)
            return runtime

        yield make


@pytest.fixture
async def make_client(kit: Kit) -> AsyncIterator[MakeClient]:
    """`await make_client([service, ...])`: an HTTP client of their API, as an admin (or `role="viewer"`)."""
    import httpx

    from services.kit.auth import issue_token
    from services.kit.http import create_app

    async with AsyncExitStack() as stack:

        async def make(services: Sequence[Service], *, role: str = "admin") -> httpx.AsyncClient:
            await kit.bus.ensure([topic for service in services for topic in service.topics])
            async with kit.database.transaction() as tx:
                token = await issue_token(tx, name=f"test-{role}", role=role, at=kit.clock.now())
            transport = httpx.ASGITransport(app=create_app(kit, services))
            headers = {"Authorization": f"Bearer {token}"}
            client = httpx.AsyncClient(transport=transport, base_url=kit.settings.public_url, headers=headers)
            return await stack.enter_async_context(client)

        yield make


@asynccontextmanager
async def _database(server: str, options: str) -> AsyncIterator[str]:
    name = f"veilleur_test_{uuid4().hex[:12]}"
    await _administer(server, f"CREATE DATABASE {name} {options}")
    try:
        yield _named(server, name)
    finally:
        await _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


async def _administer(server: str, command: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(command)
    finally:
        await connection.close()


def _named(server: str, name: str) -> str:
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


def _in_a_thread(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` to its end on an event loop of its own: the test's loop is pytest-asyncio's business."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()
