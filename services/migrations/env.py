"""How Alembic runs here: on the connection it is handed, in one transaction, a revision's script as it is written."""

from __future__ import annotations

from typing import Any

from alembic import context
from alembic.ddl.postgresql import PostgresqlImpl
from sqlalchemy import Connection
from sqlalchemy.sql import Executable


class ScriptingImpl(PostgresqlImpl):
    """Sends `op.execute("...")` as a script.

    asyncpg prepares what goes through SQLAlchemy, and a prepared statement holds one command. A revision is a
    readable script of many; so a plain string goes by the simple protocol instead, on the same connection and in
    the same transaction, with no bind parameters and no escaping of colons.
    """

    __dialect__ = "postgresql"

    def execute(self, sql: Executable | str, execution_options: dict[str, Any] | None = None) -> None:
        """Run `sql`: a string as a script, anything else as Alembic would."""
        if not isinstance(sql, str) or self.as_sql:
            super().execute(sql, execution_options)
            return
        assert self.connection is not None
        driver = self.connection.connection.dbapi_connection
        assert driver is not None
        driver.run_async(lambda connection: connection.execute(sql))


def run() -> None:
    """Upgrade or downgrade on `config.attributes["connection"]`, whose transaction the caller owns."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection, transactional_ddl=True)
    context.run_migrations()


run()
