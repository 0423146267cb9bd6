"""Ids made of what caused the thing, so that the same cause always gives the same id."""

from __future__ import annotations

from uuid import UUID, uuid5

NAMESPACE = UUID("6f5e1c1a-1d1e-5b0a-9c52-76656c6c6575")


def derived(*cause: object) -> UUID:
    """The id of what `cause` brought about; the parts are joined unambiguously.

    Equal causes give equal ids in any process, so a repeat after a crash changes nothing twice.
    """
    return uuid5(NAMESPACE, "".join(f"{len(part)}:{part}" for part in map(str, cause)))


def mention_id(source: str, external_id: str, brand: str) -> UUID:
    """A mention is one thing said at one source, about one brand; its edits are revisions of it."""
    return derived("mention", source, external_id, brand)
