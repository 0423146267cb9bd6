"""The projection of when each brand's team is on duty."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping

from sqlalchemy import text

from services.contracts.coverage import CoverageSpec
from services.contracts.errors import InvalidError
from services.kit.database import Transaction
from services.rules.domain.variable import TeamClock

_log = logging.getLogger(__name__)


async def save(tx: Transaction, *, brand: str, revision: int, spec: CoverageSpec | None) -> None:
    """Keep `spec` (None: withdrawn) unless a newer revision is kept already."""
    await tx.execute(
        text("""
            INSERT INTO rules.coverage AS stored (brand, revision, spec)
            VALUES (:brand, :revision, CAST(:spec AS jsonb))
            ON CONFLICT (brand) DO UPDATE SET (revision, spec) = (excluded.revision, excluded.spec)
            WHERE stored.revision < excluded.revision
        """),
        {"brand": brand, "revision": revision, "spec": spec.model_dump_json() if spec else None},
    )


class TeamClocks:
    """The wall clock and duty hours of brands; kept between batches, renewed when a coverage changed.

    Args:
        zone: IANA zone of brands without a coverage.
    """

    def __init__(self, zone: str) -> None:
        self._zone = zone
        self._clocks: dict[str, tuple[int, TeamClock]] = {}

    async def of(self, tx: Transaction, brands: Collection[str]) -> dict[str, TeamClock]:
        """The clock of each of `brands`."""
        rows = await tx.execute(
            text("SELECT brand, revision FROM rules.coverage WHERE brand = ANY(:brands)"),
            {"brands": list(brands)},
        )
        return await self.at(tx, dict.fromkeys(brands, 0) | {row.brand: row.revision for row in rows})

    async def at(self, tx: Transaction, revisions: Mapping[str, int]) -> dict[str, TeamClock]:
        """The clock of each brand, of which a coverage of that revision is kept; 0 for none. Reads what is new."""
        if new := [brand for brand, revision in revisions.items() if not self._has(brand, revision)]:
            rows = await tx.execute(
                text("SELECT brand, revision, spec FROM rules.coverage WHERE brand = ANY(:brands)"),
                {"brands": new},
            )
            found = {row.brand: (row.revision, row.spec) for row in rows}
            for brand in new:
                revision, spec = found.get(brand, (0, None))
                parsed = CoverageSpec.model_validate(spec) if spec is not None else None
                self._clocks[brand] = (revision, self._clock(brand, parsed))
        return {brand: self._clocks[brand][1] for brand in revisions}

    def _has(self, brand: str, revision: int) -> bool:
        known = self._clocks.get(brand)
        return known is not None and known[0] == revision

    def _clock(self, brand: str, spec: CoverageSpec | None) -> TeamClock:
        """What was accepted once may not be computable after an upgrade of zone or holiday data: then off-hours."""
        try:
            return TeamClock(spec, self._zone)
        except InvalidError:
            _log.exception(
                "The coverage of %s cannot be computed any more: every instant counts as off-hours", brand
            )
            return TeamClock(None, self._zone)
