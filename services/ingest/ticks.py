"""What ingest does when business time has moved: read the sources that are due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from services.ingest.handlers.poll_sources import Poller
from services.kit.runtime import Ticker


def tickers(poller: Poller, *, every_seconds: float) -> Sequence[Ticker]:
    """The tickers of one process; `every_seconds` is machine time."""
    return (
        Ticker(
            name="ingest-poll",
            every=timedelta(seconds=every_seconds),
            tick=poller.poll_due,
            next_due=poller.next_due,
        ),
    )
