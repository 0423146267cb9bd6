"""How each source is being polled: when it is due, who polls it now, what the server said last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kit.database import Transaction
from services.kit.wakes import touch

TOUCHED = "ingest:polls"
"""What a transaction touches that plans polls."""

State = Literal["healthy", "failing"]


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to poll a source until the lease runs out.

    Attributes:
        source: Which.
        lease: Proof of the right: whoever writes the outcome must still hold it.
        etag: Validator of the last document read, or None.
        last_modified: The other validator.
        state: What was last said of the source.
        failures: Failures in a row so far.
    """

    source: str
    lease: UUID
    etag: str | None
    last_modified: str | None
    state: State
    failures: int


@dataclass(frozen=True, slots=True)
class Poll:
    """A source's poll state, as read back. Instants are business time."""

    source: str
    due_at: datetime | None
    state: State
    failures: int
    polled_at: datetime | None
    succeeded_at: datetime | None
    status: int | None
    error: str | None
    entries: int | None
    rejected: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a poll changes: the next state of its row."""

    due_at: datetime | None
    state: State
    failures: int
    polled_at: datetime
    succeeded_at: datetime | None
    status: int | None
    error: str | None
    etag: str | None
    last_modified: str | None
    entries: int | None
    rejected: int | None


# An address that changed is another document: what the old one said of itself no longer counts.
_PLAN = text(
    """
    INSERT INTO ingest.polls AS poll (source, url, due_at) VALUES (:source, :url, :due_at)
    ON CONFLICT (source) DO UPDATE SET
        due_at = excluded.due_at, url = excluded.url,
        failures = 0,
        etag = CASE WHEN poll.url = excluded.url THEN poll.etag END,
        last_modified = CASE WHEN poll.url = excluded.url THEN poll.last_modified END,
        lease = NULL, lease_until = NULL
    """
)
_CLAIM = """
    UPDATE ingest.polls AS poll
    SET lease = :lease, lease_until = clock_timestamp() + :span
    FROM (
        SELECT source FROM ingest.polls
        WHERE {which} AND (lease_until IS NULL OR lease_until <= clock_timestamp())
        ORDER BY due_at, source LIMIT :limit
        FOR UPDATE SKIP LOCKED
    ) AS chosen
    WHERE poll.source = chosen.source
    RETURNING poll.source, poll.lease, poll.etag, poll.last_modified, poll.state, poll.failures
    """
_CLAIM_DUE = text(_CLAIM.format(which="due_at <= :now"))
_CLAIM_ONE = text(_CLAIM.format(which="source = :source"))
_FINISH = text(
    """
    UPDATE ingest.polls SET
        due_at = :due_at, state = :state, failures = :failures, polled_at = :polled_at,
        succeeded_at = COALESCE(:succeeded_at, succeeded_at), status = :status, error = :error,
        etag = :etag, last_modified = :last_modified,
        entries = COALESCE(:entries, entries), rejected = COALESCE(:rejected, rejected),
        lease = NULL, lease_until = NULL
    WHERE source = :source AND lease = :lease
    """
)
_RELEASE = text(
    "UPDATE ingest.polls SET lease = NULL, lease_until = NULL WHERE source = :source AND lease = :lease"
)
_HOLD = text("SELECT 1 FROM ingest.polls WHERE source = :source AND lease = :lease FOR SHARE")
_READ = text(
    """
    SELECT source, due_at, state, failures, polled_at, succeeded_at, status, error, entries, rejected
    FROM ingest.polls WHERE source = :source
    """
)


async def plan(tx: Transaction, source: str, *, url: str, due_at: datetime | None) -> None:
    """Poll `source` at `due_at` (business time), or never while it is None. A poll under way loses its lease."""
    touch(tx, TOUCHED)
    await tx.execute(_PLAN, {"source": source, "url": url, "due_at": due_at})


async def remove(tx: Transaction, source: str) -> None:
    """Forget the source and its entries."""
    touch(tx, TOUCHED)
    await tx.execute(text("DELETE FROM ingest.polls WHERE source = :source"), {"source": source})


async def claim_due(
    tx: Transaction, now: datetime, *, lease: UUID, span: timedelta, limit: int
) -> list[Claim]:
    """Take at most `limit` sources due at `now` that nobody else is polling, for `span` of machine time."""
    values = {"now": now, "lease": lease, "span": span, "limit": limit}
    return [Claim(**row) for row in (await tx.execute(_CLAIM_DUE, values)).mappings()]


async def claim_one(tx: Transaction, source: str, *, lease: UUID, span: timedelta) -> Claim | None:
    """Take `source`, due or not; None if somebody else is polling it."""
    values: dict[str, Any] = {"source": source, "lease": lease, "span": span, "limit": 1}
    row = (await tx.execute(_CLAIM_ONE, values)).mappings().one_or_none()
    return Claim(**row) if row else None


async def hold(tx: Transaction, claim: Claim) -> bool:
    """Whether the lease is still ours; if so, nobody takes it (nor removes the source) before `tx` ends."""
    return (await tx.execute(_HOLD, {"source": claim.source, "lease": claim.lease})).first() is not None


async def finish(tx: Transaction, claim: Claim, outcome: Outcome) -> bool:
    """Write what came of a poll and give the lease back; False if the lease was lost, and nothing is written."""
    values = {name: getattr(outcome, name) for name in Outcome.__slots__}
    touch(tx, TOUCHED)
    done = await tx.execute(_FINISH, {**values, "source": claim.source, "lease": claim.lease})
    return bool(done.rowcount)


async def release(tx: Transaction, claim: Claim) -> None:
    """Give the lease back with nothing changed: the source is as due as before."""
    await tx.execute(_RELEASE, {"source": claim.source, "lease": claim.lease})


async def read(tx: Transaction, source: str) -> Poll | None:
    """The poll state of `source`."""
    row = (await tx.execute(_READ, {"source": source})).mappings().one_or_none()
    return Poll(**row) if row else None


async def first_due(connection: AsyncConnection) -> datetime | None:
    """The earliest business instant at which a source is, or was, due."""
    found: datetime | None = await connection.scalar(text("SELECT min(due_at) FROM ingest.polls"))
    return found


async def next_due(tx: Transaction, after: datetime) -> datetime | None:
    """The next business instant after the given one at which a source is due."""
    found = await tx.execute(
        text("SELECT min(due_at) FROM ingest.polls WHERE due_at > :after"), {"after": after}
    )
    return found.scalar_one_or_none()
