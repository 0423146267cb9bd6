"""Bearer tokens: made once, shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, text

from services.contracts.errors import Fault, InvalidError, NotFoundError
from services.kit.database import Transaction

TOKEN_PREFIX = "vlr_"  # noqa: S105 - what tokens start with, so that scanners find leaked ones
TOKEN_BYTES = 32
PERMISSION_PATTERN = r"^(?:\*|[a-z]+(?:-[a-z]+)*):(?:\*|[a-z]+)$"

_COLUMNS = "id, name, role, permissions, created_at, created_by, expires_at, last_used_at, revoked_at"


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept: everything but the token itself.

    Attributes:
        id: Its identifier, which is no secret.
        name: Whose or what for; shows on audit rows and timelines.
        role: `viewer`, `responder`, `editor` or `admin`; None if it lists permissions.
        permissions: What it may do when it has no role.
        created_at: Business time.
        created_by: Who made it.
        expires_at: Machine time; None for never.
        last_used_at: Machine time, to within a minute.
        revoked_at: Business time; None while it is valid.
    """

    id: UUID
    name: str
    role: str | None
    permissions: tuple[str, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


async def issue_token(
    tx: Transaction,
    *,
    name: str,
    role: str | None = None,
    permissions: Collection[str] | None = None,
    at: datetime,
    expires_at: datetime | None = None,
    by: str = "veilleur",
) -> str:
    """Make a token and return it: it is never shown again.

    Args:
        tx: An open transaction.
        name: Whose or what for.
        role: One of the roles, or
        permissions: the permissions themselves (`mentions:write`).
        at: Business time.
        expires_at: When it stops working, by the machine's clock: a simulated clock must not lock people out.
        by: Who makes it.

    Raises:
        InvalidError: Neither or both of role and permissions, or one that does not exist.
    """
    token, _ = await create_token(
        tx, name=name, role=role, permissions=permissions, at=at, expires_at=expires_at, by=by
    )
    return token


async def create_token(
    tx: Transaction,
    *,
    name: str,
    role: str | None,
    permissions: Collection[str] | None,
    at: datetime,
    expires_at: datetime | None,
    by: str,
) -> tuple[str, Token]:
    """Like `issue_token`, with the row that was written."""
    _check(role, permissions)
    token = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    row = await tx.execute(
        text(
            f"""
            INSERT INTO kit.tokens (id, name, role, permissions, hash, created_at, created_by, expires_at)
            VALUES (:id, :name, :role, :permissions, :hash, :at, :by, :expires_at)
            RETURNING {_COLUMNS}
            """  # noqa: S608 - column names, never input
        ),
        {
            "id": uuid4(),
            "name": name,
            "role": role,
            "permissions": sorted(permissions or ()),
            "hash": _hash(token),
            "at": at,
            "by": by,
            "expires_at": expires_at,
        },
    )
    return token, _token(row.one())


async def find_token(tx: Transaction, token: str) -> Token | None:
    """The valid token that `token` is, or None; notes that it was used, at most once a minute.

    The look-up compares hashes inside an index. That its duration depends on the hash is no leak: whoever measures
    it cannot choose tokens by their hash, and what is compared is not the secret.
    """
    result = await tx.execute(
        text(
            f"""
            SELECT {_COLUMNS},
                   last_used_at IS NULL OR last_used_at < clock_timestamp() - interval '1 minute' AS stale
            FROM kit.tokens
            WHERE hash = :hash AND revoked_at IS NULL
              AND (expires_at IS NULL OR expires_at > clock_timestamp())
            """  # noqa: S608 - column names, never input
        ),
        {"hash": _hash(token)},
    )
    row = result.one_or_none()
    if row is None:
        return None
    if row.stale:
        # SKIP LOCKED: a burst of requests with one token must not queue up behind one another for a statistic.
        await tx.execute(
            text(
                """
                UPDATE kit.tokens SET last_used_at = clock_timestamp()
                WHERE id = (SELECT id FROM kit.tokens WHERE id = :id FOR UPDATE SKIP LOCKED)
                """
            ),
            {"id": row.id},
        )
    return _token(row)


async def get_token(tx: Transaction, token_id: UUID) -> Token:
    """The token of that id, valid or not.

    Raises:
        NotFoundError: There never was one.
    """
    result = await tx.execute(
        text(f"SELECT {_COLUMNS} FROM kit.tokens WHERE id = :id"),  # noqa: S608 - column names, never input
        {"id": token_id},
    )
    row = result.one_or_none()
    if row is None:
        raise NotFoundError("token", token_id)
    return _token(row)


async def list_tokens(tx: Transaction, *, before: tuple[datetime, UUID] | None, limit: int) -> list[Token]:
    """Tokens, newest first, older than the one at `before` (created_at, id)."""
    instant, token_id = before or (None, None)
    result = await tx.execute(
        text(
            f"""
            SELECT {_COLUMNS} FROM kit.tokens
            WHERE CAST(:instant AS timestamptz) IS NULL OR (created_at, id) < (:instant, CAST(:id AS uuid))
            ORDER BY created_at DESC, id DESC LIMIT :limit
            """  # noqa: S608 - column names, never input
        ),
        {"instant": instant, "id": token_id, "limit": limit},
    )
    return [_token(row) for row in result]


async def revoke_token(tx: Transaction, token_id: UUID, *, at: datetime) -> bool:
    """Make a token useless from now on; False if it was already.

    Raises:
        NotFoundError: There never was one.
    """
    await get_token(tx, token_id)
    result = await tx.execute(
        text("UPDATE kit.tokens SET revoked_at = :at WHERE id = :id AND revoked_at IS NULL"),
        {"id": token_id, "at": at},
    )
    return result.rowcount > 0


def _check(role: str | None, permissions: Collection[str] | None) -> None:
    if (role is None) == (not permissions):
        raise InvalidError(
            Fault("role", "A token has a role or a list of permissions.", "Give exactly one of the two.")
        )
    if role is not None and role not in ("viewer", "responder", "editor", "admin"):
        raise InvalidError(
            Fault("role", f"There is no role '{role}'.", "Write one of viewer, responder, editor, admin.")
        )
    for position, permission in enumerate(permissions or ()):
        if not re.fullmatch(PERMISSION_PATTERN, permission):
            raise InvalidError(
                Fault(
                    f"permissions[{position}]",
                    f"'{permission}' is not a permission.",
                    "Write noun:verb, such as mentions:write or rules:*.",
                )
            )


def _hash(token: str) -> bytes:
    # One round of SHA-256, without salt, is enough here and only here: a token is 256 random bits, so there is no
    # dictionary to try and no two are alike. A slow hash would only make each request slow.
    return hashlib.sha256(token.encode()).digest()


def _token(row: Row[Any]) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        role=row.role,
        permissions=tuple(row.permissions),
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
