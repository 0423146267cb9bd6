"""Keep responders and teams: checked when written, sealed at rest, masked when read."""

from __future__ import annotations

from dataclasses import replace as changed
from datetime import datetime
from typing import TypeVar

from services.contracts.errors import ConflictError
from services.kit.context import Kit
from services.kit.database import Transaction
from services.kit.resources import Collection, Versioned
from services.kit.resources.collection import Expected
from services.kit.secrets import Secrets
from services.notify.channels.vault import seal, shown
from services.notify.domain.responder import Contact, Reachable, Responder, Team
from services.notify.store.responders import stored_contacts, uses_of

M = TypeVar("M", bound=Reachable)


class ContactCollection(Collection[M]):
    """Documents with contacts. Readers get masked addresses; sending one back keeps what is stored under it."""

    def __init__(self, *, kind: str, model: type[M], secrets: Secrets) -> None:
        super().__init__(schema="notify", kind=kind, model=model, unseal=_masked)
        self._secrets = secrets

    async def create(self, tx: Transaction, *, id: str, doc: M, by: str, at: datetime) -> Versioned[M]:  # noqa: A002 - as in Collection
        """See `Collection.create`.

        Raises:
            InvalidError: An Apprise URL is not accepted.
        """
        sealed = self._sealed_doc(doc, ())
        return _shown(await super().create(tx, id=id, doc=sealed, by=by, at=at))

    async def replace(
        self,
        tx: Transaction,
        *,
        id: str,  # noqa: A002 - as in Collection
        doc: M,
        expected: Expected,
        by: str,
        at: datetime,
    ) -> Versioned[M]:
        """See `Collection.replace`.

        Raises:
            InvalidError: An Apprise URL is not accepted, or a masked one stands for nothing.
        """
        before = await self.get(tx, id)
        sealed = self._sealed_doc(doc, await stored_contacts(tx, kind=self.kind, identifier=id))
        # Equal fingerprints are equal addresses: what changes nothing makes no version.
        doc = before.doc if _masked(sealed) == before.doc else sealed
        return _shown(await super().replace(tx, id=id, doc=doc, expected=expected, by=by, at=at))

    async def delete(
        self,
        tx: Transaction,
        *,
        id: str,  # noqa: A002 - as in Collection
        expected: Expected,
        by: str,
        at: datetime,
    ) -> Versioned[M]:
        """See `Collection.delete`.

        Raises:
            ConflictError: A schedule or a policy still names this responder.
        """
        before = await super().delete(tx, id=id, expected=expected, by=by, at=at)
        if self.kind == "responder" and (uses := await uses_of(tx, id)):
            named = ", ".join(f"{kind} '{identifier}'" for kind, identifier in uses)
            raise ConflictError(f"The responder '{id}' is still in {named}: take them out there first.")
        return before

    def _sealed_doc(self, doc: M, stored: tuple[Contact, ...]) -> M:
        return doc.model_copy(update={"contacts": seal(self._secrets, doc.contacts, stored)})


def responders(kit: Kit) -> ContactCollection[Responder]:
    """The people who can be paged."""
    return ContactCollection(kind="responder", model=Responder, secrets=kit.secrets)


def teams(kit: Kit) -> ContactCollection[Team]:
    """The teams that are handed over to."""
    return ContactCollection(kind="team", model=Team, secrets=kit.secrets)


def _masked(doc: M) -> M:
    return doc.model_copy(update={"contacts": shown(doc.contacts)})


def _shown(found: Versioned[M]) -> Versioned[M]:
    return changed(found, doc=_masked(found.doc))
