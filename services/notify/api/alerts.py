"""The alert API: what happens, and what people do about it."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of endpoints made inside a function.

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.contracts.values import Instant, Playbook, Severity, Slug
from services.kit import audit
from services.kit.auth import Principal, requires
from services.kit.context import Kit
from services.kit.database import Transaction
from services.kit.idempotency import IdempotencyKey, once
from services.kit.paging import After, Limit, Page, decode_cursor, encode_cursor, page_of
from services.kit.problems import PROBLEMS
from services.notify.domain.alert import AlertState, Verdict
from services.notify.handlers.acknowledge_alert import acknowledge_alert
from services.notify.handlers.escalate_alert import escalate_alert
from services.notify.handlers.raise_alert import raise_by_hand
from services.notify.handlers.resolve_alert import resolve_alert
from services.notify.settings.escalation import House
from services.notify.store.alerts import AlertFilter, get_alert, page_alerts
from services.notify.store.page_counts import counted_pages
from services.notify.store.runs import find_run
from services.notify.store.timeline import TimelineEntry, entries_of
from services.notify.views import AlertDetail, AlertView

Reader = Annotated[Principal, requires("alerts:read")]
Actor = Annotated[Principal, requires("alerts:act")]
Headline = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
From = Annotated[Instant | None, Query(alias="from", description="Raised at this instant or later.")]
To = Annotated[Instant | None, Query(description="Raised before this instant.")]

_CREATED = {"Location": {"description": "Where the alert is.", "schema": {"type": "string"}}}
_MISSING: dict[int | str, dict[str, Any]] = {404: PROBLEMS[404]}
_CONTRADICTED: dict[int | str, dict[str, Any]] = {404: PROBLEMS[404], 409: PROBLEMS[409]}


class AlertDraft(BaseModel):
    """An alarm that a human gives."""

    model_config = ConfigDict(extra="forbid")

    brand: Slug
    headline: Headline = Field(description="One sentence that the woken person reads first.")
    severity: Severity = Severity.CRITICAL
    text: str = Field(default="", max_length=2000, description="What you saw.")
    playbook: Playbook = Playbook()


class Resolution(BaseModel):
    """What an alert turned out to be."""

    model_config = ConfigDict(extra="forbid")

    verdict: Verdict
    note: str | None = Field(default=None, max_length=2000)


def alert_router(kit: Kit, house: House) -> APIRouter:
    """`/alerts`: list, read, raise, acknowledge, resolve, escalate."""
    router = APIRouter(prefix="/alerts", tags=["alerts"])
    _add_reading(router, kit)
    _add_raising(router, kit, house)
    _add_answering(router, kit, house)
    return router


def _add_reading(router: APIRouter, kit: Kit) -> None:
    @router.get("", name="list_alerts")
    async def list_them(
        _: Reader,
        *,
        brand: Slug | None = None,
        state: AlertState | None = None,
        severity: Severity | None = None,
        off_hours: bool | None = None,
        since: From = None,
        to: To = None,
        after: After = None,
        limit: Limit = 100,
    ) -> Page[AlertView]:
        """Alerts, newest first."""
        wanted = AlertFilter(brand, state, severity, off_hours, since, to)
        start = decode_cursor(after, datetime, UUID) if after else None
        async with kit.database.transaction() as tx:
            found = await page_alerts(
                tx, wanted, after=(start[0], start[1]) if start else None, limit=limit + 1
            )
        page = page_of(found, limit, lambda last: encode_cursor(last.raised_at, last.id))
        return Page(items=[AlertView.of(alert) for alert in page.items], next=page.next)

    @router.get("/{id}", name="read_alert", responses=_MISSING)
    async def read_one(id: UUID, _: Reader) -> AlertDetail:  # noqa: A002
        """One alert with its mentions, pages and timeline, and what comes next."""
        async with kit.database.transaction() as tx:
            return AlertDetail.with_history(
                await get_alert(tx, id),
                run=await find_run(tx, id),
                pages=await counted_pages(tx, id),
                timeline=await entries_of(tx, id),
            )

    @router.get("/{id}/timeline", name="read_alert_timeline", responses=_MISSING)
    async def read_timeline(
        id: UUID,  # noqa: A002
        _: Reader,
        after: After = None,
        limit: Limit = 100,
    ) -> Page[TimelineEntry]:
        """What happened to an alert, oldest first, with the reason of each decision."""
        start = decode_cursor(after, int)[0] if after else 0
        async with kit.database.transaction() as tx:
            await get_alert(tx, id)
            found = await entries_of(tx, id, after=start, limit=limit + 1)
        return page_of(found, limit, lambda last: encode_cursor(last.sequence))


def _add_raising(router: APIRouter, kit: Kit, house: House) -> None:
    @router.post(
        "",
        name="raise_alert",
        status_code=201,
        response_model=AlertView,
        responses={201: {"headers": _CREATED}, 409: PROBLEMS[409]},
    )
    async def raise_one(
        request: Request, body: AlertDraft, principal: Actor, key: IdempotencyKey = None
    ) -> Response:
        """Raise the alarm. It goes the way of every alert: the team if it is there, else on-call."""
        async with kit.database.transaction() as tx:
            return await once(tx, request, principal, key, lambda: create(tx, body, principal))

    async def create(tx: Transaction, body: AlertDraft, principal: Principal) -> Response:
        at = kit.clock.now()
        alert_id = await raise_by_hand(
            tx,
            brand=body.brand,
            headline=body.headline,
            severity=body.severity,
            words=body.text,
            playbook=body.playbook,
            actor=principal.name,
            at=at,
            house=house,
        )
        view = AlertView.of(await get_alert(tx, alert_id), changed=True)
        await _note(tx, principal, "raise", before=None, after=view, at=at)
        headers = {"Location": f"/api/v1/alerts/{alert_id}"}
        return JSONResponse(view.model_dump(mode="json"), status_code=201, headers=headers)


def _add_answering(router: APIRouter, kit: Kit, house: House) -> None:
    @router.post("/{id}/acknowledge", name="acknowledge_alert", responses=_MISSING)
    async def acknowledge(id: UUID, principal: Actor) -> AlertView:  # noqa: A002
        """Take it: nobody else is woken for it. Whoever comes second sees who was first, in `acknowledged_by`."""
        return await _answer(
            kit,
            principal,
            "acknowledge",
            id,
            lambda tx, at: acknowledge_alert(
                tx, alert_id=id, actor=principal.name, at=at, language=house.language
            ),
        )

    @router.post("/{id}/resolve", name="resolve_alert", responses=_CONTRADICTED)
    async def resolve(id: UUID, body: Resolution, principal: Actor) -> AlertView:  # noqa: A002
        """End it, and say what it was."""
        return await _answer(
            kit,
            principal,
            "resolve",
            id,
            lambda tx, at: resolve_alert(
                tx,
                alert_id=id,
                actor=principal.name,
                verdict=body.verdict,
                note=body.note,
                at=at,
                language=house.language,
            ),
        )

    @router.post("/{id}/escalate", name="escalate_alert", responses=_CONTRADICTED)
    async def escalate(id: UUID, principal: Actor) -> AlertView:  # noqa: A002
        """Wake the next person now, whatever the hour."""
        return await _answer(
            kit,
            principal,
            "escalate",
            id,
            lambda tx, at: escalate_alert(tx, alert_id=id, actor=principal.name, at=at, house=house),
        )


async def _answer(
    kit: Kit,
    principal: Principal,
    action: str,
    alert_id: UUID,
    act: Callable[[Transaction, datetime], Awaitable[AlertView]],
) -> AlertView:
    """Do it, with its audit row, in one transaction."""
    at = kit.clock.now()
    async with kit.database.transaction() as tx:
        before = AlertView.of(await get_alert(tx, alert_id, lock=True))
        after = await act(tx, at)
        if after.changed:
            await _note(tx, principal, action, before=before, after=after, at=at)
    return after


async def _note(
    tx: Transaction,
    principal: Principal,
    action: str,
    *,
    before: AlertView | None,
    after: AlertView,
    at: datetime,
) -> None:
    await audit.record(
        tx,
        actor=principal.name,
        action=action,
        kind="alert",
        identifier=str(after.id),
        before=before and _audited(before),
        after=_audited(after),
        at=at,
    )


def _audited(alert: AlertView) -> dict[str, Any]:
    """What an answer can change: mentions and figures of the situation are no business of the audit."""
    shown = {"brand", "headline", "severity", "state", "acknowledged_by", "resolved_by", "verdict", "note"}
    return alert.model_dump(mode="json", include=shown)
