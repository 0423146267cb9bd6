"""PostgreSQL: one pool a process, one transaction a unit of work."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from services.contracts.errors import RetryableError
from services.kit.wakes import Wakes, watch

Transaction = AsyncConnection
"""An open connection inside a transaction that commits, or not, as a whole."""

# SQLSTATE classes that say "not now" rather than "never": connection, resources, operator intervention, system,
# transactions that lost against another (serialization failure, deadlock), and a session cut for idling in one.
_PASSING = ("08", "53", "57", "58", "40", "25P03")

# A process that stands still inside a transaction (stopped, swapped out) holds rows that its successor needs. The
# server takes them back after this time; far longer than any handler computes between two statements.
_IDLE_IN_TRANSACTION = "30s"


class DatabaseAwayError(RetryableError):
    """The database cannot be reached, refused for now, or let another transaction win."""


class Database:
    """A connection pool to one PostgreSQL database.

    Args:
        url: A `postgresql+asyncpg://` URL. `postgresql://` is accepted and means the same.
        pool_size: Connections kept; ten more may be opened under load.
        durable: False lets commits return before they are on disk, for simulations only.
        alone: True promises that this object makes every commit to the database, as in a simulation: then idle
            checks of relays and consumers need not ask it.
    """

    def __init__(self, url: str, *, pool_size: int = 10, durable: bool = True, alone: bool = False) -> None:
        self.url = asyncpg_url(url)
        self.alone = alone
        self.wakes = Wakes(self.url.replace("+asyncpg", "", 1))
        settings = {
            "application_name": "veilleur",
            "timezone": "UTC",
            "idle_in_transaction_session_timeout": _IDLE_IN_TRANSACTION,
        }
        if not durable:
            settings["synchronous_commit"] = "off"
        self.engine: AsyncEngine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=10,
            pool_timeout=10,
            connect_args={"server_settings": settings, "timeout": 10},
        )
        self._reading = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Commit at the end of the block, or roll back on any exception.

        Raises:
            DatabaseAwayError: The database is away or the transaction lost a race: the same may work later.
        """
        touched: set[str] = set()
        try:
            with translated():
                async with self.engine.begin() as connection:
                    touched = watch(connection)
                    yield connection
        finally:
            # Also after a failure: whether a commit that broke off took place is not known.
            self.wakes.bump(touched)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection outside any transaction, for one statement: a third of the round trips.

        It commits by itself and wakes nobody: for reading, and for notes that nobody waits for.

        Raises:
            DatabaseAwayError: The database is away.
        """
        with translated():
            async with self._reading.connect() as connection:
                yield connection

    async def ping(self) -> None:
        """Return if the database answers.

        Raises:
            DatabaseAwayError: It does not.
        """
        async with self.transaction() as tx:
            await tx.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Give back every connection."""
        await self.wakes.close()
        await self.engine.dispose()


def asyncpg_url(url: str) -> str:
    """`url` with the asyncpg driver named."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.split("+")[0] not in {"postgresql", "postgres"}:
        raise ValueError("The database URL must start with postgresql://")
    return f"postgresql+asyncpg://{rest}"


@contextmanager
def translated() -> Iterator[None]:
    """Turn passing database failures into `DatabaseAwayError`; let real ones through."""
    try:
        yield
    except (PoolTimeoutError, InterfaceError, OSError) as error:
        raise DatabaseAwayError(f"The database is away: {error}") from error
    except DBAPIError as error:
        if error.connection_invalidated or _sqlstate(error).startswith(_PASSING):
            raise DatabaseAwayError(f"The database is away or busy: {error.orig}") from error
        raise


def _sqlstate(error: SQLAlchemyError) -> str:
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")
