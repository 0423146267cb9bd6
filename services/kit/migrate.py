"""Bringing a database to the schema this program was written for: Alembic, from inside the wheel."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

import services.migrations
from services.contracts.errors import PermanentError
from services.kit.database import Database, Transaction

# Any number that no other program's advisory locks are likely to use: "veil" in ASCII.
_LOCK = 0x7665696C

_log = logging.getLogger(__name__)
# It tells of every context it looks at; we tell what changes.
logging.getLogger("alembic.runtime.migration").setLevel(logging.WARNING)


class UnknownRevisionError(PermanentError):
    """The database was migrated by a newer program than this one."""


class Revisions(NamedTuple):
    """Where a database stands, and where this program wants it."""

    current: str | None
    wanted: str

    @property
    def match(self) -> bool:
        """Whether this program can serve this database."""
        return self.current == self.wanted


async def migrate(url: str, *, to: str = "head") -> None:
    """Upgrade the database at `url`, all in one transaction. Safe to run from several processes at once.

    Args:
        url: A `postgresql://` URL of an existing database.
        to: The revision to upgrade to.

    Raises:
        UnknownRevisionError: The database is ahead of this program; nothing was changed.
        DatabaseAwayError: It cannot be reached now.
    """
    await _run(url, lambda config: command.upgrade(config, to), up=True)


async def downgrade(url: str, *, to: str) -> None:
    """Take the database at `url` back to revision `to` (`base` for none). Loses what newer revisions kept."""
    await _run(url, lambda config: command.downgrade(config, to), up=False)


async def revisions(tx: Transaction) -> Revisions:
    """The revision the database is at and the one this program was written for; for readiness."""
    current = await tx.run_sync(
        lambda connection: MigrationContext.configure(connection).get_current_revision()
    )
    return Revisions(current, wanted())


def wanted() -> str:
    """The newest revision this program ships."""
    head = _scripts().get_current_head()
    assert head is not None, "the wheel ships no revision"
    return head


def knows(revision: str) -> bool:
    """Whether this program ships `revision`, and so can upgrade a database that is at it."""
    return revision in {script.revision for script in _scripts().walk_revisions()}


async def _run(url: str, action: Callable[[Config], None], *, up: bool) -> None:
    database = Database(url, pool_size=1)

    def work(connection: Connection) -> None:
        # Also opens the transaction before Alembic looks at anything, so that all of it commits or nothing does.
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        before = MigrationContext.configure(connection).get_current_revision()
        if up:
            _refuse_newer(before)
        config = _config()
        config.attributes["connection"] = connection
        action(config)
        after = MigrationContext.configure(connection).get_current_revision()
        if after != before:
            _log.info("The database goes from revision %s to %s", before, after)

    try:
        async with database.transaction() as tx:
            await tx.run_sync(work)
    finally:
        await database.close()


def _refuse_newer(current: str | None) -> None:
    if current is not None and not knows(current):
        raise UnknownRevisionError(
            f"The database is at revision {current}, which this version of Veilleur does not know. "
            "Install the version that wrote it, or a newer one."
        )


def _config() -> Config:
    config = Config()
    # Alembic interpolates "%" in options.
    folder = str(Path(services.migrations.__file__).parent).replace("%", "%%")
    config.set_main_option("script_location", folder)
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
