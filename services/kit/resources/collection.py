"""Documents of one kind in a schema's `resources` tables, each with every version it ever had."""

# ruff: noqa: A002 - `id` is the word that everybody uses for it, in paths and documents too

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy import Row

from services.contracts.errors import ConflictError, NotFoundError
from services.kit import audit
from services.kit.database import Transaction
from services.kit.preconditions import Match
from services.kit.problems import StaleError
from services.kit.resources.rows import ResourceRows, Stored

M = TypeVar("M", bound=BaseModel)

_log = logging.getLogger(__name__)

Expected = int | Match | None
"""Which version a write changes: a number, what `If-Match` accepts, or None for whatever there is."""


@dataclass(frozen=True)
class Versioned(Generic[M]):
    """A document as it is now.

    Attributes:
        id: Its stable name.
        version: Grows by one with each change, over deletion and re-creation too.
        doc: What ops wrote.
        created_at: Business time of its (latest) creation.
        updated_at: Business time of its latest change.
        updated_by: Who made that change.
    """

    id: str
    version: int
    doc: M
    created_at: datetime
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True)
class Version(Generic[M]):
    """A document as it was: `doc` is None where it was deleted."""

    id: str
    version: int
    doc: M | None
    at: datetime
    by: str


@dataclass(frozen=True)
class Change(Generic[M]):
    """One write: `before` is None for a creation, `after` for a deletion.

    `revision` is the version number that the write made; a deletion makes one too.
    """

    before: Versioned[M] | None
    after: Versioned[M] | None
    id: str
    revision: int
    at: datetime
    by: str


class Collection(Generic[M]):
    """The documents of one kind.

    Each write leaves an audit row. Writers of a kind take turns (its stamp row is locked first), so that versions, checks that look at other
    documents, and stamps are consistent; edits by people are rare enough.

    Args:
        schema: The service's schema, a literal of the code.
        kind: What they are, in the product's vocabulary (`rule`).
        model: Their shape. A field `brand`, if there is one, is what lists filter by.
        check: Sees the id and the document before a write; raises InvalidError.
        changed: Called in the same transaction after each write: the place to write outbox events.
        seal: Makes what is stored of a document (encrypts what must not be readable at rest); audit rows show this.
        unseal: Undoes `seal`.
    """

    def __init__(
        self,
        *,
        schema: str,
        kind: str,
        model: type[M],
        check: Callable[[Transaction, str, M], Awaitable[None]] | None = None,
        changed: Callable[[Transaction, Change[M]], Awaitable[None]] | None = None,
        seal: Callable[[M], M] | None = None,
        unseal: Callable[[M], M] | None = None,
    ) -> None:
        self.kind = kind
        self.model = model
        self._rows = ResourceRows(schema, kind)
        self._check = check
        self._changed = changed
        self._seal = seal
        self._unseal = unseal

    async def find(self, tx: Transaction, id: str) -> Versioned[M] | None:
        """The document of that id, or None."""
        row = await self._rows.one(tx, id)
        return None if row is None else self._versioned(row)

    async def get(self, tx: Transaction, id: str) -> Versioned[M]:
        """The document of that id.

        Raises:
            NotFoundError: There is none.
        """
        found = await self.find(tx, id)
        if found is None:
            raise NotFoundError(self.kind, id)
        return found

    async def all(self, tx: Transaction, *, brand: str | None = None) -> list[Versioned[M]]:
        """Every document, or every one of a brand, by id."""
        return [
            self._versioned(row) for row in await self._rows.some(tx, brand=brand, after=None, limit=None)
        ]

    async def readable(self, tx: Transaction) -> list[Versioned[M]]:
        """As `all`, but for what this version of the product cannot read any more, of which the log tells.

        For what decides about everybody: a document restored from another version must not stop all others.
        """
        found = []
        for row in await self._rows.some(tx, brand=None, after=None, limit=None):
            try:
                found.append(self._versioned(row))
            except ValueError:
                _log.exception("The %s '%s' cannot be read and counts for nothing", self.kind, row.id)
        return found

    async def page(
        self, tx: Transaction, *, brand: str | None = None, after: str | None = None, limit: int = 100
    ) -> list[Versioned[M]]:
        """At most `limit` documents by id, those after the id `after`."""
        return [
            self._versioned(row) for row in await self._rows.some(tx, brand=brand, after=after, limit=limit)
        ]

    async def create(self, tx: Transaction, *, id: str, doc: M, by: str, at: datetime) -> Versioned[M]:
        """Add a document.

        Raises:
            ConflictError: The id is taken.
            InvalidError: The check refused it.
        """
        await self._rows.take_turn(tx)
        if await self.find(tx, id) is not None:
            raise ConflictError(f"There is already a {self.kind} '{id}'.")
        return await self._write(tx, None, id=id, doc=doc, by=by, at=at)

    async def replace(
        self, tx: Transaction, *, id: str, doc: M, expected: Expected, by: str, at: datetime
    ) -> Versioned[M]:
        """Put another document in the place of one; the same document again changes nothing and makes no version.

        Raises:
            NotFoundError: There is none of that id.
            StaleError: It is not at the expected version (any more).
            InvalidError: The check refused it.
        """
        await self._rows.take_turn(tx)
        before = await self._expect(tx, id, expected)
        if before.doc == doc:
            return before
        return await self._write(tx, before, id=id, doc=doc, by=by, at=at)

    async def delete(
        self, tx: Transaction, *, id: str, expected: Expected, by: str, at: datetime
    ) -> Versioned[M]:
        """Remove a document and return what it was; its versions stay.

        Raises:
            NotFoundError: There is none of that id.
            StaleError: It is not at the expected version (any more).
        """
        await self._rows.take_turn(tx)
        before = await self._expect(tx, id, expected)
        version = before.version + 1
        await self._rows.write(tx, Stored(id, version, None, None, by, at))
        await self._tell(tx, Change(before, None, id, version, at, by))
        return before

    async def versions(
        self, tx: Transaction, id: str, *, before: int | None = None, limit: int | None = None
    ) -> list[Version[M]]:
        """Every version there ever was of that id, newest first; those below `before`, at most `limit`."""
        rows = await self._rows.past(tx, id, before=before, limit=limit)
        return [
            Version(r.id, r.version, None if r.doc is None else self._doc(r.doc), r.at, r.by) for r in rows
        ]

    async def stamp(self, tx: Transaction) -> int:
        """A number that grows with every change of the kind: reload what is cached when it moved."""
        return await self._rows.stamp(tx)

    @property
    def stamp_sql(self) -> str:
        """A scalar subquery for `stamp`, to read it along with something else: a literal of the code, no parameters."""
        return self._rows.stamp_sql

    def sealed(self, doc: M) -> M:
        """`doc` as it is stored and audited."""
        return self._seal(doc) if self._seal else doc

    async def _expect(self, tx: Transaction, id: str, expected: Expected) -> Versioned[M]:
        found = await self.get(tx, id)
        fits = expected is None or (
            found.version == expected if isinstance(expected, int) else expected.accepts(found.version)
        )
        if not fits:
            raise StaleError(f"The {self.kind} '{id}' is at version {found.version} now: read it again.")
        return found

    async def _write(
        self, tx: Transaction, before: Versioned[M] | None, *, id: str, doc: M, by: str, at: datetime
    ) -> Versioned[M]:
        if self._check is not None:
            await self._check(tx, id, doc)
        version = 1 + (before.version if before else await self._rows.last_version(tx, id))
        stored = json.dumps(self.sealed(doc).model_dump(mode="json"), ensure_ascii=False)
        await self._rows.write(tx, Stored(id, version, getattr(doc, "brand", None), stored, by, at))
        after = Versioned(id, version, doc, before.created_at if before else at, at, by)
        await self._tell(tx, Change(before, after, id, version, at, by))
        return after

    async def _tell(self, tx: Transaction, change: Change[M]) -> None:
        # Here rather than in the routes: whoever writes, also a service at its first start, leaves its audit row.
        await audit.record(
            tx,
            actor=change.by,
            action="replace" if change.before and change.after else "create" if change.after else "delete",
            kind=self.kind,
            identifier=change.id,
            before=self.sealed(change.before.doc) if change.before else None,
            after=self.sealed(change.after.doc) if change.after else None,
            at=change.at,
        )
        if self._changed is not None:
            await self._changed(tx, change)

    def _doc(self, stored: str) -> M:
        doc = self.model.model_validate_json(stored)
        return self._unseal(doc) if self._unseal else doc

    def _versioned(self, row: Row[Any]) -> Versioned[M]:
        return Versioned(
            row.id, row.version, self._doc(row.doc), row.created_at, row.updated_at, row.updated_by
        )
