"""What is due first: asked of the database, but not again while nothing can have changed it.

A process looks at business time often and mostly for nothing. Where this process makes every commit (a simulation),
the look itself can be spared until a transaction has touched what it depends on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.kit.database import Database


class Agenda:
    """The earliest instant that some rows are due at.

    Args:
        database: Where they are.
        name: What every transaction touches that makes any of them due earlier (`kit.wakes.touch`).
        look: Asks for the earliest; None when nothing is planned.
    """

    def __init__(
        self, database: Database, name: str, look: Callable[[AsyncConnection], Awaitable[datetime | None]]
    ) -> None:
        self._database = database
        self._name = name
        self._look = look
        self._seen: tuple[int, datetime | None] | None = None

    async def first(self, *, after: datetime) -> datetime | None:
        """The earliest instant there is; None when nothing is planned.

        One that is not after `after` is asked for anew each time: it may have been dealt with since.
        """
        # Counted before the look: a commit in between makes the next call look again.
        count = self._database.wakes.count((self._name,))
        if self._database.alone and self._seen is not None and self._seen[0] == count:
            due = self._seen[1]
            if due is None or due > after:
                return due
        async with self._database.reading() as connection:
            due = await self._look(connection)
        self._seen = (count, due)
        return due

    async def is_due(self, now: datetime) -> bool:
        """Whether anything is due at `now`."""
        first = await self.first(after=now)
        return first is not None and first <= now
