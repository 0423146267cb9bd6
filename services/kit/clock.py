"""Two clocks. Business time is injected; machine time (leases, retries, time-outs) is the machine's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Business time: what is off-hours, what is due, which window. Always aware, always UTC."""

    def now(self) -> datetime:
        """This instant."""
        ...


class SystemClock:
    """Business time as the machine tells it: production."""

    def now(self) -> datetime:
        """This instant."""
        return datetime.now(UTC)


class ManualClock:
    """Business time that moves only when told: tests, replay, demo. It never goes back."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("Business time is aware: give the start a time zone.")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """This instant, as last set."""
        return self._now

    def move_to(self, instant: datetime) -> None:
        """Go to `instant`; an earlier one than now is ignored, because what happened has happened."""
        self._now = max(self._now, instant.astimezone(UTC))

    def advance(self, **span: float) -> None:
        """Go forward by a `timedelta(**span)`: `advance(minutes=10)`."""
        self.move_to(self._now + timedelta(**span))
