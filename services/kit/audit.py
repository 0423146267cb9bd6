"""Who changed what, when, from what to what. Rows are only ever added; the database refuses anything else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, TypeAdapter
from sqlalchemy import text

from services.kit.database import Transaction
from services.kit.logs import current_context

Snapshot = BaseModel | Mapping[str, Any] | None
"""The state of a thing before or after a write; None where there was nothing, or is nothing any more."""

_ANY: TypeAdapter[Any] = TypeAdapter(Any)

_INSERT = text(
    """
    INSERT INTO kit.audit (at, actor, action, kind, identifier, before, after, request_id)
    VALUES (:at, :actor, :action, :kind, :identifier, CAST(:before AS jsonb), CAST(:after AS jsonb), :request_id)
    """
)


async def record(
    tx: Transaction,
    *,
    actor: str,
    action: str,
    kind: str,
    identifier: str,
    before: Snapshot = None,
    after: Snapshot = None,
    at: datetime,
) -> None:
    """Add an audit row in the transaction of the write itself, so that neither exists without the other.

    Args:
        tx: The write's own transaction.
        actor: Who: a principal's name, or `veilleur`.
        action: A verb: `create`, `replace`, `delete`, `acknowledge`...
        kind: What sort of thing, in the product's vocabulary.
        identifier: Which one.
        before: Its state before; secrets must already be sealed or are of type `SecretStr`.
        after: Its state after.
        at: Business time of the write.
    """
    await tx.execute(
        _INSERT,
        {
            "at": at,
            "actor": actor,
            "action": action,
            "kind": kind,
            "identifier": identifier,
            "before": _dumped(before),
            "after": _dumped(after),
            "request_id": current_context().get("request_id"),
        },
    )


def _dumped(snapshot: Snapshot) -> str | None:
    if snapshot is None:
        return None
    return json.dumps(_ANY.dump_python(snapshot, mode="json"), ensure_ascii=False)
