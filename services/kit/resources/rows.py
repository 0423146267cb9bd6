"""The SQL behind a collection: rows of one kind in a schema's `resources` tables."""

# ruff: noqa: S608 - the schema is a literal of the code, never input

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from services.kit.database import Transaction

_COLUMNS = "id, version, CAST(doc AS text) AS doc, created_at, updated_at, updated_by"


@dataclass(frozen=True, slots=True)
class Stored:
    """One version to write; `doc` is JSON, or None for a deletion."""

    id: str
    version: int
    brand: str | None
    doc: str | None
    by: str
    at: datetime


class ResourceRows:
    """Rows of one kind."""

    def __init__(self, schema: str, kind: str) -> None:
        self._kind = kind
        self._one = text(f"SELECT {_COLUMNS} FROM {schema}.resources WHERE kind = :kind AND id = :id")
        self._some = text(
            f"""
            SELECT {_COLUMNS} FROM {schema}.resources
            WHERE kind = :kind AND (CAST(:brand AS text) IS NULL OR brand = :brand)
              AND (CAST(:after AS text) IS NULL OR id > :after)
            ORDER BY id LIMIT CAST(:limit AS bigint)
            """
        )
        self._past = text(
            f"""
            SELECT id, version, CAST(doc AS text) AS doc, at, by FROM {schema}.resource_versions
            WHERE kind = :kind AND id = :id AND (CAST(:before AS bigint) IS NULL OR version < :before)
            ORDER BY version DESC LIMIT CAST(:limit AS bigint)
            """
        )
        self._last = text(
            f"SELECT coalesce(max(version), 0) FROM {schema}.resource_versions WHERE kind = :kind AND id = :id"
        )
        self._put = text(
            f"""
            INSERT INTO {schema}.resources (kind, id, version, brand, doc, created_at, updated_at, updated_by)
            VALUES (:kind, :id, :version, :brand, CAST(:doc AS jsonb), :at, :at, :by)
            ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, brand = excluded.brand,
                doc = excluded.doc, updated_at = excluded.updated_at, updated_by = excluded.updated_by
            """
        )
        self._drop = text(f"DELETE FROM {schema}.resources WHERE kind = :kind AND id = :id")
        self._keep = text(
            f"""
            INSERT INTO {schema}.resource_versions (kind, id, version, brand, doc, at, by)
            VALUES (:kind, :id, :version, :brand, CAST(:doc AS jsonb), :at, :by)
            """
        )
        self._stamp = text(f"SELECT stamp FROM {schema}.resource_stamps WHERE kind = :kind")
        self.stamp_sql = (
            f"(SELECT coalesce(max(stamp), 0) FROM {schema}.resource_stamps WHERE kind = '{kind}')"
        )
        self._turn = text(
            f"""
            INSERT INTO {schema}.resource_stamps AS s (kind, stamp) VALUES (:kind, 1)
            ON CONFLICT (kind) DO UPDATE SET stamp = s.stamp + 1
            """
        )

    async def one(self, tx: Transaction, identifier: str) -> Row[Any] | None:
        """The row of that id."""
        result = await tx.execute(self._one, {"kind": self._kind, "id": identifier})
        return result.one_or_none()

    async def some(
        self, tx: Transaction, *, brand: str | None, after: str | None, limit: int | None
    ) -> Sequence[Row[Any]]:
        """Rows by id: of a brand, after an id, at most so many; None leaves a limit out."""
        values = {"kind": self._kind, "brand": brand, "after": after, "limit": limit}
        return (await tx.execute(self._some, values)).all()

    async def past(
        self, tx: Transaction, identifier: str, *, before: int | None, limit: int | None
    ) -> Sequence[Row[Any]]:
        """The versions of an id, newest first."""
        values = {"kind": self._kind, "id": identifier, "before": before, "limit": limit}
        return (await tx.execute(self._past, values)).all()

    async def last_version(self, tx: Transaction, identifier: str) -> int:
        """The highest version the id ever had; 0 if it never was."""
        result = await tx.execute(self._last, {"kind": self._kind, "id": identifier})
        return int(result.scalar_one())

    async def write(self, tx: Transaction, stored: Stored) -> None:
        """Make `stored` the present state, and keep it as a version."""
        values = {
            "kind": self._kind,
            "id": stored.id,
            "version": stored.version,
            "brand": stored.brand,
            "doc": stored.doc,
            "at": stored.at,
            "by": stored.by,
        }
        await tx.execute(self._drop if stored.doc is None else self._put, values)
        await tx.execute(self._keep, values)

    async def stamp(self, tx: Transaction) -> int:
        """How many writes of the kind there have been."""
        return int((await tx.execute(self._stamp, {"kind": self._kind})).scalar_one_or_none() or 0)

    async def take_turn(self, tx: Transaction) -> None:
        """Count a write; other writers of the kind wait until this transaction ends."""
        await tx.execute(self._turn, {"kind": self._kind})
