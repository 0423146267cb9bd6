"""Who is asking, and what they may do. Every route says what it needs, or why it needs nothing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends, Request

from services.kit.context import Kit
from services.kit.problems import ForbiddenError, UnauthenticatedError
from services.kit.tokens import TOKEN_PREFIX, find_token, issue_token

__all__ = ["Principal", "Public", "Requirement", "covers", "issue_token", "public", "requires"]

BASIC_USER = "token"
"""The user name with which a browser sends a token as the password."""

_READ_ONLY = frozenset({"GET", "HEAD", "OPTIONS"})
_SAME_SITE = frozenset({"same-origin", "none"})

# Nouns that a wildcard never covers: who may do what is for administrators alone.
_RESERVED = frozenset({"tokens", "users", "audit"})

_VIEWER = frozenset({"*:read"})
_RESPONDER = _VIEWER | {"alerts:act"}
_EDITOR = _RESPONDER | {"*:write"}
ROLES = {
    "viewer": _VIEWER,
    "responder": _RESPONDER,
    "editor": _EDITOR,
    "admin": frozenset({"*:*"}) | {f"{noun}:*" for noun in _RESERVED},
}
"""What each role may do, each including the one before. `*:read` is every noun but the reserved ones."""


@dataclass(frozen=True)
class Principal:
    """Who is asking.

    Attributes:
        name: For audit rows and timelines: the token's name.
        role: Its role, or `custom` for a list of permissions.
        permissions: What it may do; `*` stands for any noun or any verb.
        token_id: The token it came with.
    """

    name: str
    role: str
    permissions: frozenset[str]
    token_id: UUID | None = None

    def may(self, permission: str) -> bool:
        """Whether `permission` (`noun:verb`) is among what this principal may do."""
        return covers(self.permissions, permission)


def covers(held: Iterable[str], wanted: str) -> bool:
    """Whether `held` grants `wanted`, which may itself be a wildcard (`rules:*`, `*:read`)."""
    noun, _, verb = wanted.partition(":")
    for grant in held:
        held_noun, _, held_verb = grant.partition(":")
        if held_verb not in ("*", verb):
            continue
        if held_noun == noun or (held_noun == "*" and noun not in _RESERVED):
            return True
    return False


@dataclass(frozen=True)
class Requirement:
    """The dependency behind `requires`: identifies the asker and checks the permission."""

    permission: str

    async def __call__(self, request: Request) -> Principal:
        """The principal.

        Raises:
            UnauthenticatedError: No valid token.
            ForbiddenError: One that may not do this.
        """
        principal = await _identified(request)
        if not principal.may(self.permission):
            raise ForbiddenError(
                f"The token '{principal.name}' may not do this: it needs '{self.permission}'."
            )
        return principal


@dataclass(frozen=True)
class Public:
    """The dependency behind `public`: checks nothing, and says why."""

    reason: str

    async def __call__(self) -> None:
        """Let everybody in."""


def requires(permission: str) -> Any:  # noqa: ANN401 - as `fastapi.Depends`, it stands where types stand
    """Only askers with `permission` (`rules:write`); annotated on a parameter, it gives the `Principal`."""
    return Depends(Requirement(permission))


def public(reason: str) -> Any:  # noqa: ANN401
    """A FastAPI dependency that leaves a route open on purpose: `dependencies=[public("signed link")]`."""
    return Depends(Public(reason))


async def _identified(request: Request) -> Principal:
    kit: Kit = request.app.state.kit
    token, by_browser = _token_of(request)
    if by_browser and request.method not in _READ_ONLY:
        _refuse_foreign_pages(request, kit.settings.public_url)
    async with kit.database.transaction() as tx:
        found = await find_token(tx, token)
    if found is None:
        raise UnauthenticatedError("The token is unknown, expired or revoked.")
    permissions = ROLES[found.role] if found.role else frozenset(found.permissions)
    return Principal(found.name, found.role or "custom", permissions, found.id)


def _token_of(request: Request) -> tuple[str, bool]:
    """The token, and whether a browser may have added it by itself (Basic)."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer" and value.startswith(TOKEN_PREFIX):
        return value, False
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            user = password = ""
        if user == BASIC_USER and password.startswith(TOKEN_PREFIX):
            return password, True
    raise UnauthenticatedError(
        f"Send a token: 'Authorization: Bearer {TOKEN_PREFIX}...', or Basic with user '{BASIC_USER}' and the token as password."
    )


def _refuse_foreign_pages(request: Request, public_url: str) -> None:
    """Browsers repeat Basic credentials on requests that other sites start: refuse writes that came from elsewhere."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    own = {urlsplit(public_url).netloc, request.headers.get("host", "")}
    foreign = (site is not None and site not in _SAME_SITE) or (
        site is None and origin is not None and urlsplit(origin).netloc not in own
    )
    if foreign:
        raise ForbiddenError("A page of another site may not write with the browser's stored token.")
