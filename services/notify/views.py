"""What notify shows to people and programs."""

from __future__ import annotations

from uuid import UUID

from services.contracts.values import Instant, Value
from services.notify.domain.alert import Alert


class AlertView(Alert):
    """An alert as the API shows it, and as an answer to it is confirmed.

    Attributes:
        changed: Whether the request that this answers changed the alert; False when somebody had been faster.
    """

    changed: bool = False

    @classmethod
    def of(cls, alert: Alert, *, changed: bool = False) -> AlertView:
        """The view of an alert."""
        return cls.model_validate({**dict(alert), "changed": changed})


class PageView(Value):
    """One attempt to reach somebody, and what its sends became, as counted by state."""

    id: UUID
    kind: str
    responder_id: str | None
    responder_name: str
    round: int
    step: int
    at: Instant
    answer: str | None
    deliveries: dict[str, int]
