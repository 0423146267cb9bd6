"""Tokens and audit rows over HTTP: who may do what, and who did what."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of endpoints made inside a function.

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import Row, text

from services.contracts.errors import ConflictError, Fault, InvalidError
from services.contracts.values import Instant
from services.kit import audit
from services.kit.auth import ROLES, Principal, covers, requires
from services.kit.context import Kit
from services.kit.database import Transaction
from services.kit.paging import After, Limit, Page, decode_cursor, encode_cursor, page_of
from services.kit.problems import PROBLEMS, ForbiddenError
from services.kit.tokens import (
    PERMISSION_PATTERN,
    Token,
    create_token,
    get_token,
    list_tokens,
    revoke_token,
)

_OWN_NAME = "veilleur"

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Permission = Annotated[str, StringConstraints(pattern=PERMISSION_PATTERN, max_length=100)]
Filter = Annotated[str | None, Query(max_length=200)]


class TokenDraft(BaseModel):
    """A token to make: a role, or a list of permissions."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(description="Whose or what for; shows on audit rows and timelines.")
    role: Literal["viewer", "responder", "editor", "admin"] | None = None
    permissions: list[Permission] = Field(default_factory=list, max_length=50, examples=[["mentions:write"]])
    expires_at: Instant | None = Field(default=None, description="When it stops working; null for never.")


class TokenView(BaseModel):
    """A token without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    role: str | None
    permissions: list[str]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="To within a minute.")
    revoked_at: datetime | None


class TokenIssued(TokenView):
    """A token just made. `token` is shown this once."""

    token: str


class AuditRow(BaseModel):
    """Who changed what, when, from what to what."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    at: datetime = Field(description="Business time of the write.")
    recorded_at: datetime = Field(description="When the row was written, by the database's clock.")
    actor: str
    action: str
    kind: str
    identifier: str
    before: Any = None
    after: Any = None
    request_id: str | None = None


def kit_router(kit: Kit) -> APIRouter:
    """The routes of the plumbing itself: `/tokens` and `/audit`."""
    router = APIRouter()
    router.include_router(_token_reading(kit))
    router.include_router(_token_writing(kit))
    router.include_router(_audit(kit))
    return router


def _token_reading(kit: Kit) -> APIRouter:
    router = APIRouter(prefix="/tokens", tags=["tokens"])
    reader = Annotated[Principal, requires("tokens:read")]

    @router.get("", name="list_tokens")
    async def list_them(_: reader, after: After = None, limit: Limit = 100) -> Page[TokenView]:
        """Tokens, newest first; revoked and expired ones too."""
        before = decode_cursor(after, datetime, UUID) if after else None
        async with kit.database.transaction() as tx:
            found = await list_tokens(tx, before=(before[0], before[1]) if before else None, limit=limit + 1)
        page = page_of(found, limit, lambda last: encode_cursor(last.created_at, last.id))
        return Page(items=[TokenView.model_validate(token) for token in page.items], next=page.next)

    @router.get("/{id}", name="read_token")
    async def read_one(id: UUID, _: reader) -> TokenView:  # noqa: A002
        """One token, valid or not."""
        async with kit.database.transaction() as tx:
            return TokenView.model_validate(await get_token(tx, id))

    return router


def _token_writing(kit: Kit) -> APIRouter:
    router = APIRouter(prefix="/tokens", tags=["tokens"])
    writer = Annotated[Principal, requires("tokens:write")]

    @router.post("", status_code=201, name="create_token", responses={403: PROBLEMS[403]})
    async def create(draft: TokenDraft, principal: writer, response: Response) -> TokenIssued:
        """Make a token, of at most the maker's own rights.

        There is no `Idempotency-Key` here: remembering the answer would mean keeping the token itself. If the
        answer is lost, revoke the token and make another.
        """
        _check_draft(draft, principal)
        async with kit.database.transaction() as tx:
            secret, token = await create_token(
                tx,
                name=draft.name,
                role=draft.role,
                permissions=draft.permissions,
                at=kit.clock.now(),
                expires_at=draft.expires_at,
                by=principal.name,
            )
            await _note(kit, tx, principal, "create", token)
        response.headers["Location"] = f"/api/v1/tokens/{token.id}"
        return TokenIssued(**TokenView.model_validate(token).model_dump(), token=secret)

    @router.delete("/{id}", status_code=204, name="revoke_token")
    async def revoke(id: UUID, principal: writer) -> Response:  # noqa: A002
        """Make a token useless from now on; doing it again changes nothing. No token revokes itself.

        Whoever has one token left cannot lock themselves out, and a leaked token cannot cover its own tracks.
        """
        if id == principal.token_id:
            raise ConflictError("A token does not revoke itself: use another one, or the command line.")
        async with kit.database.transaction() as tx:
            if await revoke_token(tx, id, at=kit.clock.now()):
                await _note(kit, tx, principal, "revoke", await get_token(tx, id))
        return Response(status_code=204)

    return router


def _audit(kit: Kit) -> APIRouter:
    router = APIRouter(prefix="/audit", tags=["audit"])
    reader = Annotated[Principal, requires("audit:read")]

    @router.get("", name="list_audit")
    async def list_them(
        _: reader,
        kind: Filter = None,
        identifier: Filter = None,
        actor: Filter = None,
        after: After = None,
        limit: Limit = 100,
    ) -> Page[AuditRow]:
        """Who changed what, newest first."""
        below = decode_cursor(after, int)[0] if after else None
        filters = {"kind": kind, "identifier": identifier, "actor": actor, "below": below, "limit": limit + 1}
        async with kit.database.transaction() as tx:
            rows = [_row(row) for row in await tx.execute(_SELECT_AUDIT, filters)]
        return page_of(rows, limit, lambda last: encode_cursor(last.number))

    return router


_SELECT_AUDIT = text(
    """
    SELECT number, at, recorded_at, actor, action, kind, identifier, CAST(before AS text) AS before,
           CAST(after AS text) AS after, request_id
    FROM kit.audit
    WHERE (CAST(:kind AS text) IS NULL OR kind = :kind)
      AND (CAST(:identifier AS text) IS NULL OR identifier = :identifier)
      AND (CAST(:actor AS text) IS NULL OR actor = :actor)
      AND (CAST(:below AS bigint) IS NULL OR number < :below)
    ORDER BY number DESC LIMIT :limit
    """
)


def _row(row: Row[Any]) -> AuditRow:
    before, after = (None if doc is None else json.loads(doc) for doc in (row.before, row.after))
    return AuditRow.model_validate({**row._mapping, "before": before, "after": after})  # noqa: SLF001 - its public name


def _check_draft(draft: TokenDraft, principal: Principal) -> None:
    if draft.name.casefold() == _OWN_NAME:
        raise InvalidError(
            Fault("name", f"'{draft.name}' is what Veilleur calls itself.", "Choose another name.")
        )
    # By the machine's clock, like expiry itself.
    if draft.expires_at is not None and draft.expires_at <= datetime.now(UTC):
        raise InvalidError(
            Fault("expires_at", "This is in the past.", "Write a later instant, or null for never.")
        )
    wanted = ROLES[draft.role] if draft.role else frozenset(draft.permissions)
    if beyond := sorted(permission for permission in wanted if not covers(principal.permissions, permission)):
        raise ForbiddenError(
            f"The token '{principal.name}' cannot give what it does not have: {', '.join(beyond)}."
        )


async def _note(kit: Kit, tx: Transaction, principal: Principal, action: str, token: Token) -> None:
    view = TokenView.model_validate(token)
    await audit.record(
        tx,
        actor=principal.name,
        action=action,
        kind="token",
        identifier=str(token.id),
        after=view,
        at=kit.clock.now(),
    )
