"""Who names whom among what ops edit: nothing that is named may be missing, and nothing named may be removed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text

from services.contracts.errors import ConflictError, Fault
from services.kit.database import Transaction

_USED = text("""
    SELECT id FROM notify.resources WHERE kind = 'policy' AND jsonb_path_exists(
        doc, '$.steps[*].targets[*] ? (@.kind == $kind && @.id == $id)',
        jsonb_build_object('kind', CAST(:kind AS text), 'id', CAST(:id AS text)))
    ORDER BY id
""")


async def known_ids(tx: Transaction, kind: str) -> list[str]:
    """The ids of a kind, which stay there until this transaction ends: whoever deletes one waits for it."""
    await tx.execute(text("SELECT FROM notify.resource_stamps WHERE kind = :kind FOR SHARE"), {"kind": kind})
    rows = await tx.execute(
        text("SELECT id FROM notify.resources WHERE kind = :kind ORDER BY id"), {"kind": kind}
    )
    return list(rows.scalars())


def missing(kind: str, named: Sequence[tuple[str, str]], known: Sequence[str]) -> list[Fault]:
    """A fault for each (field, id) in `named` that is not in `known`, with what may be written instead."""
    fix = (
        f"Write one of {', '.join(known[:50])}." if known else f"Create the {kind} first: there is none yet."
    )
    return [
        Fault(field, f"There is no {kind} '{identifier}'.", fix)
        for field, identifier in named
        if identifier not in known
    ]


async def refuse_while_targeted(tx: Transaction, *, kind: str, identifier: str) -> None:
    """Return if no policy has a step that points at it.

    Raises:
        ConflictError: Names the policies that do.
    """
    policies = list((await tx.execute(_USED, {"kind": kind, "id": identifier})).scalars())
    if policies:
        names = ", ".join(f"'{name}'" for name in policies)
        raise ConflictError(
            f"The {kind} '{identifier}' is a target of the policy {names}. Change that first."
        )
