"""Responders and teams as they lie in the resources table: what delivery needs of them, inside any transaction."""

from __future__ import annotations

import logging

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import text

from services.contracts.values import Value
from services.kit.database import Transaction
from services.notify.domain.responder import Contact, Responder, Team

_log = logging.getLogger(__name__)

_ONE = text("SELECT CAST(doc AS text) FROM notify.resources WHERE kind = 'responder' AND id = :id")
_KNOWN = text("""
    SELECT id, doc ->> 'name' AS name,
           CAST(doc ->> 'active' AS boolean) AND jsonb_array_length(doc -> 'contacts') > 0 AS reachable
    FROM notify.resources WHERE kind = 'responder'
""")
_TEAM = text(
    "SELECT id, CAST(doc AS text) AS doc FROM notify.resources WHERE kind = 'team' AND brand = :brand ORDER BY id"
)
_STORED = text("SELECT CAST(doc -> 'contacts' AS text) FROM notify.resources WHERE kind = :kind AND id = :id")
_CONTACTS = TypeAdapter(tuple[Contact, ...])
_USED = text("""
    SELECT kind, id FROM notify.resources
    WHERE (kind = 'schedule' AND (doc #> '{rotation,responders}' ? :id
              OR doc -> 'overrides' @> jsonb_build_array(jsonb_build_object('responder', CAST(:id AS text)))))
       OR (kind = 'policy' AND jsonb_path_exists(
              doc, '$.steps[*].targets[*] ? (@.kind == "responder" && @.id == $id)', jsonb_build_object('id', CAST(:id AS text))))
    ORDER BY kind, id
""")


async def find_responder(tx: Transaction, responder_id: str) -> Responder | None:
    """The responder, with addresses as stored (Apprise ones sealed); None when there is no such person.

    One whose document cannot be read (any more) counts as not there, so that whoever else is to be paged is paged.
    """
    doc = (await tx.execute(_ONE, {"id": responder_id})).scalar_one_or_none()
    try:
        return None if doc is None else Responder.model_validate_json(doc)
    except ValidationError:
        _log.exception("The responder '%s' cannot be read", responder_id)
        return None


class KnownResponder(Value):
    """A person by name only. `reachable`: active, and with a contact at least."""

    name: str
    reachable: bool


async def known_responders(tx: Transaction) -> dict[str, KnownResponder]:
    """What everybody is called and whether a page could leave for them, by id; no addresses."""
    return {
        row.id: KnownResponder(name=row.name, reachable=row.reachable) for row in await tx.execute(_KNOWN)
    }


async def teams_of(tx: Transaction, brand: str) -> list[tuple[str, Team]]:
    """The teams of a brand with their ids, in the order of these."""
    return [(row.id, Team.model_validate_json(row.doc)) for row in await tx.execute(_TEAM, {"brand": brand})]


async def stored_contacts(tx: Transaction, *, kind: str, identifier: str) -> tuple[Contact, ...]:
    """The contacts of a responder or a team as they lie at rest, sealed; none when there is no such document."""
    doc = (await tx.execute(_STORED, {"kind": kind, "id": identifier})).scalar_one_or_none()
    return _CONTACTS.validate_json(doc or "[]")


async def uses_of(tx: Transaction, responder_id: str) -> list[tuple[str, str]]:
    """The schedules and policies that name this responder, as (kind, id)."""
    return [(row.kind, row.id) for row in await tx.execute(_USED, {"id": responder_id})]
