"""Escalation runs as rows, and the claim of those that are due."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import text

from services.kit.database import Transaction
from services.kit.wakes import touch
from services.notify.domain.run import Run

_log = logging.getLogger(__name__)

WAKE = "notify-due"
"""Touched when something is planned, or not any more."""

# Both rows are locked: the alert's lock keeps answers out while its step is carried out, and the run's makes
# PostgreSQL look at the newest `next_due_at`, so that a step claimed and done by another ticker is not done again.
_CLAIM = text("""
    SELECT runs.* FROM notify.runs JOIN notify.alerts ON alerts.id = runs.alert_id
    WHERE runs.next_due_at <= :now AND alerts.state = 'open'
    ORDER BY runs.next_due_at, runs.alert_id LIMIT :limit
    FOR UPDATE OF alerts, runs SKIP LOCKED
""")
_SAVE = text("""
    INSERT INTO notify.runs (alert_id, phase, policy, round, step, last_round, next_due_at)
    VALUES (:alert_id, :phase, CAST(:policy AS jsonb), :round, :step, :last_round, :next_due_at)
    ON CONFLICT (alert_id) DO UPDATE SET phase = EXCLUDED.phase, policy = EXCLUDED.policy, round = EXCLUDED.round,
        step = EXCLUDED.step, last_round = EXCLUDED.last_round, next_due_at = EXCLUDED.next_due_at
""")


async def claim_due_runs(tx: Transaction, *, now: datetime, limit: int) -> list[Run]:
    """Runs that are due, locked with their alerts until this transaction ends; those of other tickers left out."""
    rows = await tx.execute(_CLAIM, {"now": now, "limit": limit})
    return [_run(row) for row in rows.mappings()]


async def find_run(tx: Transaction, alert_id: UUID) -> Run | None:
    """The run of an alert; None when the alert never had one."""
    row = (
        (await tx.execute(text("SELECT * FROM notify.runs WHERE alert_id = :id"), {"id": alert_id}))
        .mappings()
        .one_or_none()
    )
    return None if row is None else _run(row)


async def runs_of(tx: Transaction, alert_ids: Sequence[UUID]) -> dict[UUID, Run]:
    """The runs of those alerts that have one, by alert, in one round trip."""
    rows = await tx.execute(
        text("SELECT * FROM notify.runs WHERE alert_id = ANY(:ids)"), {"ids": list(alert_ids)}
    )
    return {row["alert_id"]: _run(row) for row in rows.mappings()}


async def save_run(tx: Transaction, run: Run) -> None:
    """Write a run. The caller holds its alert's lock."""
    policy = None if run.policy is None else run.policy.model_dump_json()
    await tx.execute(_SAVE, dict(run) | {"phase": run.phase.value, "policy": policy})
    touch(tx, WAKE)


async def stop_run(tx: Transaction, alert_id: UUID) -> None:
    """End a run, because somebody answered."""
    await tx.execute(
        text("UPDATE notify.runs SET phase = 'stopped', next_due_at = NULL WHERE alert_id = :id"),
        {"id": alert_id},
    )


async def postpone_run(tx: Transaction, alert_id: UUID, *, until: datetime) -> None:
    """Try a run again at `until`, whatever its row holds. The caller holds its alert's lock."""
    await tx.execute(
        text("UPDATE notify.runs SET next_due_at = :until WHERE alert_id = :id"),
        {"id": alert_id, "until": until},
    )
    touch(tx, WAKE)


async def wake_held_runs(tx: Transaction, *, brand: str, at: datetime) -> None:
    """Have what waits for the team of `brand` decided again, because its hours are others now."""
    await tx.execute(
        text("""
            UPDATE notify.runs SET next_due_at = :at FROM notify.alerts
            WHERE alerts.id = runs.alert_id AND alerts.brand = :brand AND alerts.state = 'open' AND runs.phase = 'held'
        """),
        {"brand": brand, "at": at},
    )
    touch(tx, WAKE)


def _run(row: Mapping[Any, Any]) -> Run:
    fields = dict(row)
    if isinstance(fields["policy"], str):
        fields["policy"] = json.loads(fields["policy"])
    try:
        return Run.model_validate(fields)
    except ValidationError:
        # A snapshot of another version. One run that cannot be read must not stop all others, nor fall silent: without
        # a policy it is decided anew by those there are, and goes to the fallback if there is none.
        _log.exception("The policy that alert %s follows cannot be read", fields["alert_id"])
        return Run.model_validate(fields | {"policy": None})
