"""What is planned next, of everything that waits for its time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_FIRST = text("""
    SELECT least(
        (SELECT min(next_due_at) FROM notify.runs), (SELECT min(next_start) FROM notify.duty_turns)
    )
""")
_NEXT = text("""
    SELECT least(
        (SELECT min(next_due_at) FROM notify.runs WHERE next_due_at > :after),
        (SELECT min(next_start) FROM notify.duty_turns WHERE next_start > :after)
    )
""")


async def first_due(connection: AsyncConnection) -> datetime | None:
    """The first instant at which anything is, or was, due; None when nothing is planned."""
    due: datetime | None = (await connection.execute(_FIRST)).scalar_one()
    return due


async def next_due(connection: AsyncConnection, *, after: datetime) -> datetime | None:
    """The first instant after `after` at which anything is due."""
    due: datetime | None = (await connection.execute(_NEXT, {"after": after})).scalar_one()
    return due
