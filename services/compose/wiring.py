"""Opening what a process is made of, as nested contexts: server, plumbing, services."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from fastapi import FastAPI

from services.contracts.errors import PermanentError
from services.kit.clock import Clock, SystemClock
from services.kit.context import Kit
from services.kit.database import Database, asyncpg_url, translated
from services.kit.embedded import EmbeddedPostgres
from services.kit.http import create_app
from services.kit.migrate import migrate
from services.kit.pglog import PgLog
from services.kit.runtime import Runtime, Service
from services.kit.secrets import load_secrets
from services.kit.settings import KitSettings

SERVICES = ("ingest", "rules", "notify", "console")
"""Every service, in the order in which events flow through them; the console looks at all of them."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Postgres:
    """The server this process uses: its own embedded one, or somebody else's.

    Attributes:
        url: The product's database, as a `postgresql://` URL.
        embedded: The server, if it is ours.
    """

    url: str
    embedded: EmbeddedPostgres | None

    async def database(self, name: str) -> str:
        """The URL of database `name`, created if it is not there.

        Raises:
            PermanentError: It is not there, and the account may not create databases.
            DatabaseAwayError: The server is away.
        """
        if self.embedded is not None:
            return await asyncio.to_thread(self.embedded.create_database, name)
        if not _NAME.fullmatch(name):
            raise ValueError(f"Not a database name: {name!r}")
        with translated():
            connection = await asyncpg.connect(self.url)
            try:
                await connection.execute(f"CREATE DATABASE {name}")
            except asyncpg.DuplicateDatabaseError:
                _log.debug("database %s is there already", name)
            except asyncpg.InsufficientPrivilegeError as error:
                raise PermanentError(
                    f"The database account may not create database {name}: create it, or grant CREATEDB."
                ) from error
            finally:
                await connection.close()
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))


@dataclass(frozen=True, slots=True)
class Process:
    """What runs in this process: the services' workers and tickers, and their HTTP API."""

    kit: Kit
    services: Sequence[Service]
    runtime: Runtime
    app: FastAPI


@asynccontextmanager
async def open_postgres(
    settings: KitSettings, *, durable: bool = True, join: bool = False
) -> AsyncIterator[Postgres]:
    """The configured server; the embedded one is started, and stopped at the end.

    Args:
        settings: Where it is.
        durable: False lets an embedded server forget on power loss; for simulations only.
        join: Use the embedded server of a running Veilleur if there is one; it is left running. For commands that
            look at or mend a live installation.

    Raises:
        EmbeddedPostgresError: It cannot run; says why.
    """
    if settings.database_url is not None:
        # Everybody but SQLAlchemy wants the plain scheme.
        yield Postgres(asyncpg_url(settings.database_url.get_secret_value()).replace("+asyncpg", "", 1), None)
        return
    server = EmbeddedPostgres(settings.data_dir, durable=durable)
    try:
        url = await asyncio.to_thread(server.join) if join else None
        if url is None:
            url = await asyncio.to_thread(server.start)
        yield Postgres(url, server)
    finally:
        # Shielded: a process that is cancelled still closes its data directory in good order.
        await asyncio.shield(asyncio.to_thread(server.stop))


@asynccontextmanager
async def open_kit(
    settings: KitSettings,
    *,
    clock: Clock | None = None,
    name: str | None = None,
    durable: bool = True,
    postgres: Postgres | None = None,
) -> AsyncIterator[Kit]:
    """Everything a service is built from, on a migrated database.

    Args:
        settings: What was configured.
        clock: Business time; the machine's if not given.
        name: For simulations: a database of this name beside the configured one, created if needed, with a topic
            prefix of its own, so that nothing of it meets live data.
        durable: False lets commits be lost on power loss; for simulations only.
        postgres: A server that is open already; it stays open.
    """
    if postgres is None:
        async with (
            open_postgres(settings, durable=durable) as opened,
            open_kit(settings, clock=clock, name=name, durable=durable, postgres=opened) as kit,
        ):
            yield kit
        return
    url = postgres.url
    if name is not None:
        url = await postgres.database(name)
        settings = settings.model_copy(update={"topic_prefix": f"{settings.topic_prefix}.{name}"})
    secrets = load_secrets(settings)
    await migrate(url)
    # A simulation has its database to itself: nobody else commits there.
    database = Database(url, durable=durable, alone=name is not None)
    try:
        bus = PgLog(database, prefix=settings.topic_prefix)
        try:
            yield Kit(
                settings=settings, database=database, bus=bus, clock=clock or SystemClock(), secrets=secrets
            )
        finally:
            await bus.close()
    finally:
        await database.close()


@asynccontextmanager
async def open_process(kit: Kit, names: Sequence[str] = SERVICES) -> AsyncIterator[Process]:
    """Wire the named services together; nothing runs yet.

    The caller lets it run (`serve`) or steps it (`process.runtime.settle()`). At the end workers finish what is in
    hand and leave their groups.
    """
    builders = _builders()
    wired = [builders[name](kit) for name in names]
    runtime = Runtime(wired, bus=kit.bus, clock=kit.clock)
    try:
        yield Process(kit, wired, runtime, create_app(kit, wired, runtime=runtime))
    finally:
        await runtime.close()


def _builders() -> Mapping[str, Callable[[Kit], Service]]:
    # Imported here: commands that wire no process (`backup`, `token`) start in half the time without.
    import services.console.service  # noqa: PLC0415
    import services.ingest.service  # noqa: PLC0415
    import services.notify.service  # noqa: PLC0415
    import services.rules.service  # noqa: PLC0415

    return {
        "ingest": services.ingest.service.build,
        "rules": services.rules.service.build,
        "notify": services.notify.service.build,
        "console": services.console.service.build,
    }
