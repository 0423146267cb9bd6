"""The ledger as people read it: pages with their deliveries, addresses masked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import RowMapping, text

from services.contracts.errors import NotFoundError
from services.contracts.values import Instant, Reason, Value
from services.kit.database import Transaction
from services.notify.domain.page import DeliveryState

_PAGE = """
    SELECT id, alert_id, kind, responder_id AS responder, responder_name AS name, round, step,
           CAST(reason AS text) AS reason, created_at AS at, answer, answered_at
    FROM notify.pages p
"""
_LIST = text(f"""
    {_PAGE}
    WHERE (CAST(:alert AS uuid) IS NULL OR p.alert_id = :alert)
      AND (CAST(:responder AS text) IS NULL OR p.responder_id = :responder)
      AND (CAST(:state AS text) IS NULL
           OR EXISTS (SELECT FROM notify.deliveries d WHERE d.page_id = p.id AND d.state = :state))
      AND (CAST(:after_at AS timestamptz) IS NULL OR (p.created_at, p.id) < (:after_at, :after_id))
    ORDER BY p.created_at DESC, p.id DESC LIMIT :limit
""")
_ONE = text(f"{_PAGE} WHERE p.id = :id")
_DELIVERIES = """
    SELECT coalesce(page_id, handover_id) AS owner, id, position, attempt, kind AS channel, masked AS address, state, code,
           detail, not_before, queued_at, started_at, finished_at, machine_started_at, machine_finished_at
    FROM notify.deliveries WHERE {column} = ANY(:ids) ORDER BY position, attempt
"""
_OF_PAGES = text(_DELIVERIES.format(column="page_id"))
_OF_HANDOVERS = text(_DELIVERIES.format(column="handover_id"))


class LedgerDelivery(Value):
    """One attempt at one contact.

    Attributes:
        position: The contact's place in its owner's order, from 0.
        attempt: From 1.
        address: Masked.
        code: The provider's own word for what happened, or ours.
        not_before: Business time before which it is not sent.
    """

    id: UUID
    position: int
    attempt: int
    channel: str
    address: str
    state: DeliveryState
    code: str | None
    detail: str | None
    not_before: Instant
    queued_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    machine_started_at: Instant | None = Field(
        description="By the machine's clock, as against business time."
    )
    machine_finished_at: Instant | None = Field(
        description="By the machine's clock, as against business time."
    )


class LedgerPage(Value):
    """One attempt to reach somebody about an alert, with everything that was sent for it.

    Attributes:
        responder: Null for the fallback.
        round: Which time through the policy, from 0.
        step: Which step of it, from 0; -1 for the fallback.
        answer: `taken` or `declined`, by the page's own link.
    """

    id: UUID
    alert_id: UUID
    kind: Literal["responder", "fallback"]
    responder: str | None
    name: str
    round: int
    step: int
    reason: Reason
    at: Instant
    answer: Literal["taken", "declined"] | None
    answered_at: Instant | None
    deliveries: tuple[LedgerDelivery, ...]


@dataclass(frozen=True, slots=True)
class PageFilter:
    """Which pages a list shows; None lets everything through. `state` is that of any of its deliveries."""

    alert: UUID | None = None
    responder: str | None = None
    state: DeliveryState | None = None


async def newest_pages(
    tx: Transaction, wanted: PageFilter, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[LedgerPage]:
    """Pages, newest first, from behind `after` (`at` and id of the last one seen)."""
    after_at, after_id = after or (None, None)
    values = {
        "alert": wanted.alert,
        "responder": wanted.responder,
        "state": wanted.state.value if wanted.state else None,
        "after_at": after_at,
        "after_id": after_id,
        "limit": limit,
    }
    return await _pages(tx, (await tx.execute(_LIST, values)).mappings().all())


async def get_page(tx: Transaction, page_id: UUID) -> LedgerPage:
    """One page.

    Raises:
        NotFoundError: There is none of that id.
    """
    found = await _pages(tx, (await tx.execute(_ONE, {"id": page_id})).mappings().all())
    if not found:
        raise NotFoundError("page", page_id)
    return found[0]


async def deliveries_of_handovers(
    tx: Transaction, ids: Sequence[UUID]
) -> dict[UUID, tuple[LedgerDelivery, ...]]:
    """The sends of handovers, by the handover's id."""
    return _by_owner((await tx.execute(_OF_HANDOVERS, {"ids": list(ids)})).mappings().all())


async def _pages(tx: Transaction, rows: Sequence[RowMapping]) -> list[LedgerPage]:
    sends = (await tx.execute(_OF_PAGES, {"ids": [row["id"] for row in rows]})).mappings().all()
    of_page = _by_owner(sends)
    return [
        LedgerPage.model_validate(
            dict(row)
            | {
                "reason": Reason.model_validate_json(row["reason"]),
                "deliveries": of_page.get(row["id"], ()),
            }
        )
        for row in rows
    ]


def _by_owner(rows: Sequence[RowMapping]) -> dict[UUID, tuple[LedgerDelivery, ...]]:
    found: dict[UUID, list[LedgerDelivery]] = defaultdict(list)
    for row in rows:
        found[row["owner"]].append(LedgerDelivery.model_validate(dict(row)))
    return {owner: tuple(sends) for owner, sends in found.items()}
