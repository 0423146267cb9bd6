"""A page: one attempt to reach a responder about an alert, and the sends that it takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal
from uuid import UUID

from services.contracts.ids import derived
from services.contracts.values import Reason
from services.notify.domain.responder import Contact, Language

FALLBACK = "fallback"
"""The kind, and provider lane, of a send to the installation's fallback address."""


class DeliveryState(StrEnum):
    """Where a send stands. `uncertain`: it was claimed, and nobody knows whether it left; it is sent again."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it is written down before anything is sent.

    Attributes:
        round: Which repetition of the policy, from 0.
        step: Which step of it, from 0; -1 for the fallback.
        reason: Why this person, now.
    """

    id: UUID
    alert_id: UUID
    kind: Literal["responder", "fallback"]
    responder_id: str | None
    responder_name: str
    language: Language
    zone: str
    round: int
    step: int
    reason: Reason
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Send:
    """One attempt at one contact, of a page or of a handover; `provider` is the lane it is sent in."""

    page_id: UUID | None
    handover_id: UUID | None
    alert_id: UUID | None
    position: int
    attempt: int
    kind: str
    provider: str
    address: str
    masked: str
    not_before: datetime

    @property
    def id(self) -> UUID:
        """Derived: the same attempt is the same row."""
        return derived("delivery", self.page_id or self.handover_id, self.position, self.attempt)


def sends_to(
    contacts: tuple[Contact, ...],
    *,
    at: datetime,
    page_id: UUID | None = None,
    alert_id: UUID | None = None,
    handover_id: UUID | None = None,
) -> list[Send]:
    """First attempts at every contact, all due at once, in the person's order."""
    return [
        Send(
            page_id=page_id,
            handover_id=handover_id,
            alert_id=alert_id,
            position=position,
            attempt=1,
            kind=contact.kind.value,
            provider=contact.provider,
            address=contact.address,
            masked=contact.masked,
            not_before=at,
        )
        for position, contact in enumerate(contacts)
    ]


def backoff(attempt: int) -> timedelta:
    """How long to wait after the failed attempt of this number: 1, 2, 4, 8... minutes.

    Doubling from a minute: five attempts fit a quarter of an hour, about one step of a policy.
    """
    return timedelta(minutes=2 ** (attempt - 1))
