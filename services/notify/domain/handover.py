"""What a night leaves to the team that comes on duty."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.contracts.values import Instant, Severity
from services.notify.domain.responder import Language


class HandedPage(BaseModel):
    """Who was woken about an alert, when, by what, and what they said."""

    model_config = ConfigDict(frozen=True)

    responder: str
    at: Instant
    channels: tuple[str, ...]
    answer: str | None


class HandedAlert(BaseModel):
    """One alert of the night as it stood at the handover."""

    model_config = ConfigDict(frozen=True)

    alert_id: UUID
    headline: str
    severity: Severity
    raised_at: Instant
    state: str
    acknowledged_by: str | None
    acknowledged_at: Instant | None
    verdict: str | None
    pages: tuple[HandedPage, ...] = ()


class HandoverContent(BaseModel):
    """The alerts of the off-hours span: those raised in it, and older ones that are still open.

    Attributes:
        brand_name: For people.
    """

    model_config = ConfigDict(frozen=True)

    brand_name: str
    alerts: tuple[HandedAlert, ...] = ()

    @property
    def unfinished(self) -> tuple[HandedAlert, ...]:
        """What the team still has to take care of."""
        return tuple(alert for alert in self.alerts if alert.state != "resolved")


class Handover(BaseModel):
    """What happened off duty, as given to one team (or to nobody: `team` is empty) when duty began.

    Attributes:
        since: When the team left.
        at: When it came back.
        zone: IANA zone in which its message tells the time.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    brand: str
    team: str
    language: Language
    zone: str
    since: Instant
    at: Instant
    content: HandoverContent
