"""Alerts as rows."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import text

from services.contracts.errors import NotFoundError
from services.contracts.values import Severity
from services.kit.database import Transaction
from services.notify.domain.alert import Alert, AlertState

_log = logging.getLogger(__name__)

_SELECT = """
    SELECT alerts.*, coalesce(brands.name, alerts.brand) AS brand_name
    FROM notify.alerts LEFT JOIN notify.brands ON brands.id = alerts.brand
"""
_JSON = ("rule", "situation", "mentions", "playbook", "reasons")
_COLUMNS = (
    "id", "brand", "origin", "rule", "severity", "dedup_key", "headline", "state", "off_hours", "began_at", "raised_at",
    "grown_at", "growth", "subsided_at", "situation", "mentions", "playbook", "policy", "reasons", "acknowledged_at",
    "acknowledged_by", "resolved_at", "resolved_by", "verdict", "note",
)  # fmt: skip
_VALUES = ", ".join(f"CAST(:{name} AS jsonb)" if name in _JSON else f":{name}" for name in _COLUMNS)
_INSERT = text(
    f"INSERT INTO notify.alerts ({', '.join(_COLUMNS)}) VALUES ({_VALUES}) ON CONFLICT (id) DO NOTHING"  # noqa: S608
)
_UPDATE = text(
    "UPDATE notify.alerts SET "  # noqa: S608 - column names are constants of this module
    + ", ".join(
        f"{name} = CAST(:{name} AS jsonb)" if name in _JSON else f"{name} = :{name}" for name in _COLUMNS[1:]
    )
    + " WHERE id = :id"
)


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts a list shows; None lets everything through. `since` is included, `until` is not."""

    brand: str | None = None
    state: AlertState | None = None
    severity: Severity | None = None
    off_hours: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


async def get_alert(tx: Transaction, alert_id: UUID, *, lock: bool = False) -> Alert:
    """The alert; with `lock`, nobody else changes it, its run or its timeline before this transaction ends.

    Raises:
        NotFoundError: There is none of that id.
    """
    statement = text(_SELECT + " WHERE alerts.id = :id" + (" FOR UPDATE OF alerts" if lock else ""))
    row = (await tx.execute(statement, {"id": alert_id})).mappings().one_or_none()
    if row is None:
        raise NotFoundError("alert", alert_id)
    return alert_of(row)


async def find_alert(tx: Transaction, alert_id: UUID, *, lock: bool = False) -> Alert | None:
    """The alert, or None."""
    try:
        return await get_alert(tx, alert_id, lock=lock)
    except NotFoundError:
        return None


async def get_alerts(tx: Transaction, alert_ids: Sequence[UUID]) -> dict[UUID, Alert]:
    """Those of the alerts that exist and can be read, by id, in one round trip; the log tells of the others."""
    rows = await tx.execute(text(_SELECT + " WHERE alerts.id = ANY(:ids)"), {"ids": list(alert_ids)})
    found: dict[UUID, Alert] = {}
    for row in rows.mappings():
        try:
            found[row["id"]] = alert_of(row)
        except ValidationError:
            _log.exception("The alert %s cannot be read", row["id"])
    return found


async def add_alert(tx: Transaction, alert: Alert) -> bool:
    """Write a new alert; False, and nothing written, when its id is known already."""
    return (await tx.execute(_INSERT, _row(alert))).rowcount == 1


async def save_alert(tx: Transaction, alert: Alert) -> None:
    """Write what became of an alert. The caller holds its lock."""
    await tx.execute(_UPDATE, _row(alert))


async def page_alerts(
    tx: Transaction, wanted: AlertFilter, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Alert]:
    """Alerts, newest first, from behind `after` (`raised_at` and id of the last one seen)."""
    parameters: dict[str, Any] = {"limit": limit}
    conditions = ["true"]
    for name, column, operator in (
        ("brand", "brand", "="),
        ("state", "state", "="),
        ("severity", "severity", "="),
        ("off_hours", "off_hours", "="),
        ("since", "raised_at", ">="),
        ("until", "raised_at", "<"),
    ):
        value = getattr(wanted, name)
        if value is not None:
            conditions.append(f"alerts.{column} {operator} :{name}")
            parameters[name] = value
    if after is not None:
        conditions.append("(alerts.raised_at, alerts.id) < (:after_at, :after_id)")
        parameters["after_at"], parameters["after_id"] = after
    statement = f"{_SELECT} WHERE {' AND '.join(conditions)} ORDER BY alerts.raised_at DESC, alerts.id DESC LIMIT :limit"
    rows = await tx.execute(text(statement), parameters)
    return [alert_of(row) for row in rows.mappings()]


@dataclass(frozen=True, slots=True)
class Listing:
    """The first few of a list, and how many it has in all."""

    alerts: tuple[Alert, ...]
    total: int


async def urgent_alerts(tx: Transaction, state: AlertState, *, limit: int) -> Listing:
    """Alerts in `state`, the most severe first and of those the newest, with how many there are."""
    order = "array_position(ARRAY['critical', 'warning', 'info'], alerts.severity), alerts.raised_at DESC, alerts.id"
    return await _listing(tx, "alerts.state = :state", order, {"state": state.value, "limit": limit})


async def resolved_alerts(tx: Transaction, *, since: datetime, limit: int) -> Listing:
    """Alerts resolved at `since` or later, the newest verdict first, with how many there are."""
    condition = "alerts.state = 'resolved' AND alerts.resolved_at >= :since"
    return await _listing(
        tx, condition, "alerts.resolved_at DESC, alerts.id", {"since": since, "limit": limit}
    )


async def open_by_brand(tx: Transaction) -> dict[str, int]:
    """How many alerts of each brand nobody has taken; brands without any are left out."""
    rows = await tx.execute(
        text("SELECT brand, count(*) FROM notify.alerts WHERE state = 'open' GROUP BY brand")
    )
    return {brand: count for brand, count in rows}  # noqa: C416 - rows are not tuples


async def count_unresolved(tx: Transaction) -> dict[tuple[str, str], int]:
    """How many alerts there are of each (state, severity) that nobody resolved."""
    rows = await tx.execute(
        text(
            "SELECT state, severity, count(*) FROM notify.alerts WHERE state <> 'resolved' GROUP BY state, severity"
        )
    )
    return {(state, severity): count for state, severity, count in rows}


async def _listing(tx: Transaction, condition: str, order: str, parameters: dict[str, Any]) -> Listing:
    # Chosen by id first: sorting hundreds of whole alerts to show eight of them costs more than all the rest.
    statement = f"""
        WITH chosen AS (
            SELECT alerts.id, row_number() OVER (ORDER BY {order}) AS place, count(*) OVER () AS total
            FROM notify.alerts WHERE {condition} ORDER BY {order} LIMIT :limit
        )
        SELECT found.*, chosen.total FROM ({_SELECT}) AS found JOIN chosen ON chosen.id = found.id ORDER BY chosen.place
    """  # noqa: S608 - conditions and orders are literals of this module
    rows = (await tx.execute(text(statement), parameters)).mappings().all()
    return Listing(tuple(alert_of(row) for row in rows), rows[0]["total"] if rows else 0)


def alert_of(row: Mapping[Any, Any]) -> Alert:
    """The alert in a row of `alerts` with `brand_name`."""
    fields = dict(row)
    for name in _JSON:
        if isinstance(fields[name], str):
            fields[name] = json.loads(fields[name])
    return Alert.model_validate(fields)


def _row(alert: Alert) -> dict[str, Any]:
    document = alert.model_dump(mode="json", include=set(_JSON))
    row = {name: getattr(alert, name) for name in _COLUMNS}
    return row | {name: None if document[name] is None else json.dumps(document[name]) for name in _JSON}
