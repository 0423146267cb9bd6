"""Notify says when a team is on duty; rules keep what they need to know of it."""

from __future__ import annotations

from services.contracts.events import CoverageDefined, CoverageRemoved
from services.coverage.calendar import Calendar
from services.kit.database import Transaction
from services.rules.store import coverage


async def project_coverage(tx: Transaction, event: CoverageDefined | CoverageRemoved) -> None:
    """Keep the newest coverage of the brand.

    Raises:
        InvalidError: It cannot be computed; it is refused here, so that no mention ever meets it.
    """
    spec = event.spec if isinstance(event, CoverageDefined) else None
    if spec is not None:
        Calendar(spec)
    await coverage.save(tx, brand=event.brand, revision=event.revision, spec=spec)
