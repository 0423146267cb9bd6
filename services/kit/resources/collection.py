"""Documents of one kind in a schema's `resources` tables, each with every version it ever had."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy import text

from services.contracts.errors import ConflictError, NotFoundError
from services.kit import audit
from services.kit.database import Transaction
from services.kit.preconditions import Match
from services.kit.problems import StaleError

M = TypeVar("M", bound=BaseModel)

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
        self.schema = schema
        self.kind = kind
        self.model = model
        self._check = check
        self._changed = changed
        self._seal = seal
        self._unseal = unseal
        self._columns = "id, version, CAST(doc AS text) AS doc, created_at, updated_at, updated_by"

    async def find(self, tx: Transaction, id: str) -> Versioned[M] | None:  # noqa: A002 - the word everybody uses
        """The document of that id, or None."""
        result = await tx.execute(
            text(f"SELECT {self._columns} FROM {self.schema}.resources WHERE kind = :kind AND id = :id"),  # noqa: S608
            {"kind": self.kind, "id": id},
        )
        row = result.one_or_none()
        return None if row is None else self._versioned(row)

    async def get(self, tx: Transaction, id: str) -> Versioned[M]:  # noqa: A002
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
        return await self._select(tx, brand=brand, after=None, limit=None)

    async def page(
        self, tx: Transaction, *, brand: str | None = None, after: str | None = None, limit: int = 100
    ) -> list[Versioned[M]]:
        """At most `limit` documents by id, those after the id `after`."""
        return await self._select(tx, brand=brand, after=after, limit=limit)

    async def create(self, tx: Transaction, *, id: str, doc: M, by: str, at: datetime) -> Versioned[M]:  # noqa: A002
        """Add a document.

        Raises:
            ConflictError: The id is taken.
            InvalidError: The check refused it.
        """
        await self._take_turn(tx)
        if await self.find(tx, id) is not None:
            raise ConflictError(f"There is already a {self.kind} '{id}'.")
        return await self._write(tx, None, id=id, doc=doc, by=by, at=at)

    async def replace(
        self,
        tx: Transaction,
        *,
        id: str,  # noqa: A002
        doc: M,
        expected: Expected,
        by: str,
        at: datetime,
    ) -> Versioned[M]:
        """Put another document in the place of one; the same document again changes nothing and makes no version.

        Raises:
            NotFoundError: There is none of that id.
            StaleError: It is not at the expected version (any more).
            InvalidError: The check refused it.
        """
        await self._take_turn(tx)
        before = await self._expect(tx, id, expected)
        if before.doc == doc:
            return before
        return await self._write(tx, before, id=id, doc=doc, by=by, at=at)

    async def delete(
        self, tx: Transaction, *, id: str, expected: Expected, by: str, at: datetime
    ) -> Versioned[M]:  # noqa: A002
        """Remove a document and return what it was; its versions stay.

        Raises:
            NotFoundError: There is none of that id.
            StaleError: It is not at the expected version (any more).
        """
        await self._take_turn(tx)
        before = await self._expect(tx, id, expected)
        await tx.execute(
            text(f"DELETE FROM {self.schema}.resources WHERE kind = :kind AND id = :id"),  # noqa: S608
            {"kind": self.kind, "id": id},
        )
        version = before.version + 1
        await self._remember(tx, id, version, None, None, by, at)
        await self._tell(tx, Change(before, None, id, version, at, by))
        return before

    async def versions(
        self,
        tx: Transaction,
        id: str,  # noqa: A002
        *,
        before: int | None = None,
        limit: int | None = None,
    ) -> list[Version[M]]:
        """Every version there ever was of that id, newest first; those below `before`, at most `limit`."""
        result = await tx.execute(
            text(
                f"""
                SELECT id, version, CAST(doc AS text) AS doc, at, by FROM {self.schema}.resource_versions
                WHERE kind = :kind AND id = :id AND (CAST(:before AS integer) IS NULL OR version < :before)
                ORDER BY version DESC LIMIT :limit
                """  # noqa: S608 - the schema is a literal of the code
            ),
            {"kind": self.kind, "id": id, "before": before, "limit": limit},
        )
        return [
            Version(r.id, r.version, None if r.doc is None else self._doc(r.doc), r.at, r.by) for r in result
        ]

    async def stamp(self, tx: Transaction) -> int:
        """A number that grows with every change of the kind: reload what is cached when it moved."""
        result = await tx.execute(
            text(f"SELECT stamp FROM {self.schema}.resource_stamps WHERE kind = :kind"),  # noqa: S608
            {"kind": self.kind},
        )
        return int(result.scalar_one_or_none() or 0)

    def sealed(self, doc: M) -> M:
        """`doc` as it is stored and audited."""
        return self._seal(doc) if self._seal else doc

    async def _select(
        self, tx: Transaction, *, brand: str | None, after: str | None, limit: int | None
    ) -> list[Versioned[M]]:
        result = await tx.execute(
            text(
                f"""
                SELECT {self._columns} FROM {self.schema}.resources
                WHERE kind = :kind AND (CAST(:brand AS text) IS NULL OR brand = :brand)
                  AND (CAST(:after AS text) IS NULL OR id > :after)
                ORDER BY id LIMIT :limit
                """  # noqa: S608 - the schema is a literal of the code
            ),
            {"kind": self.kind, "brand": brand, "after": after, "limit": limit},
        )
        return [self._versioned(row) for row in result]

    async def _take_turn(self, tx: Transaction) -> None:
        await tx.execute(
            text(
                f"""
                INSERT INTO {self.schema}.resource_stamps AS s (kind, stamp) VALUES (:kind, 1)
                ON CONFLICT (kind) DO UPDATE SET stamp = s.stamp + 1
                """  # noqa: S608 - the schema is a literal of the code
            ),
            {"kind": self.kind},
        )

    async def _expect(self, tx: Transaction, id: str, expected: Expected) -> Versioned[M]:  # noqa: A002
        found = await self.get(tx, id)
        fits = expected is None or (
            found.version == expected if isinstance(expected, int) else expected.accepts(found.version)
        )
        if not fits:
            raise StaleError(f"The {self.kind} '{id}' is at version {found.version} now: read it again.")
        return found

    async def _write(
        self,
        tx: Transaction,
        before: Versioned[M] | None,
        *,
        id: str,  # noqa: A002
        doc: M,
        by: str,
        at: datetime,
    ) -> Versioned[M]:
        if self._check is not None:
            await self._check(tx, id, doc)
        version = before.version + 1 if before else await self._next_version(tx, id)
        after = Versioned(id, version, doc, before.created_at if before else at, at, by)
        brand, stored = getattr(doc, "brand", None), self._stored(doc)
        await tx.execute(
            text(
                f"""
                INSERT INTO {self.schema}.resources (kind, id, version, brand, doc, created_at, updated_at, updated_by)
                VALUES (:kind, :id, :version, :brand, CAST(:doc AS jsonb), :at, :at, :by)
                ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, brand = excluded.brand,
                    doc = excluded.doc, updated_at = excluded.updated_at, updated_by = excluded.updated_by
                """  # noqa: S608 - the schema is a literal of the code
            ),
            {
                "kind": self.kind,
                "id": id,
                "version": version,
                "brand": brand,
                "doc": stored,
                "at": at,
                "by": by,
            },
        )
        await self._remember(tx, id, version, brand, stored, by, at)
        await self._tell(tx, Change(before, after, id, version, at, by))
        return after

    async def _next_version(self, tx: Transaction, id: str) -> int:  # noqa: A002
        result = await tx.execute(
            text(
                f"SELECT coalesce(max(version), 0) + 1 FROM {self.schema}.resource_versions WHERE kind = :kind AND id = :id"  # noqa: S608
            ),
            {"kind": self.kind, "id": id},
        )
        return int(result.scalar_one())

    async def _remember(
        self,
        tx: Transaction,
        id: str,  # noqa: A002
        version: int,
        brand: str | None,
        stored: str | None,
        by: str,
        at: datetime,
    ) -> None:
        await tx.execute(
            text(
                f"""
                INSERT INTO {self.schema}.resource_versions (kind, id, version, brand, doc, at, by)
                VALUES (:kind, :id, :version, :brand, CAST(:doc AS jsonb), :at, :by)
                """  # noqa: S608 - the schema is a literal of the code
            ),
            {
                "kind": self.kind,
                "id": id,
                "version": version,
                "brand": brand,
                "doc": stored,
                "at": at,
                "by": by,
            },
        )

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

    def _stored(self, doc: M) -> str:
        return json.dumps(self.sealed(doc).model_dump(mode="json"), ensure_ascii=False)

    def _doc(self, stored: str) -> M:
        doc = self.model.model_validate_json(stored)
        return self._unseal(doc) if self._unseal else doc

    def _versioned(self, row: Any) -> Versioned[M]:
        return Versioned(
            row.id, row.version, self._doc(row.doc), row.created_at, row.updated_at, row.updated_by
        )
