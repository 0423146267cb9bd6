"""Who is there, and who is on call, at an instant."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of endpoints made inside a function.

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AfterValidator, AwareDatetime

from services.contracts.errors import InvalidError, NotFoundError
from services.contracts.values import Instant, Slug, Value
from services.kit.auth import Principal, requires
from services.kit.context import Kit
from services.kit.problems import PROBLEMS
from services.notify.domain.schedule import Shift, shift_at
from services.notify.settings.escalation import House
from services.notify.store.coverages import find_calendar
from services.notify.store.schedules import SCHEDULES

_FIRST, _LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2199, 12, 31, tzinfo=UTC)


def _in_calendar(value: datetime) -> datetime:
    if not _FIRST <= value <= _LAST:
        raise ValueError("Calendars go from 1970 to 2199.")
    return value.astimezone(UTC)


At = Annotated[
    Annotated[AwareDatetime, AfterValidator(_in_calendar)] | None,
    Query(description="An instant with its offset, between 1970 and 2199; now when left out."),
]


class DutyView(Value):
    """Whether the team is there, and why.

    Attributes:
        until: When that changes; null when it does not within 400 days.
        next_start: When the team comes next.
    """

    brand: str
    at: Instant
    on_duty: bool
    code: str
    text: str
    until: Instant | None
    next_start: Instant | None


class OnCallView(Value):
    """Whose turn it is; null while nobody is on call."""

    schedule: str
    at: Instant
    shift: Shift | None


def duty_router(kit: Kit, house: House) -> APIRouter:
    """`/coverage/{brand}/at` and `/schedules/{id}/on-call`."""
    router = APIRouter()
    missing: dict[int | str, dict[str, Any]] = {404: PROBLEMS[404]}

    @router.get("/coverage/{brand}/at", name="read_duty", tags=["coverage"], responses=missing)
    async def read_duty(
        brand: Slug, _: Annotated[Principal, requires("coverage:read")], instant: At = None
    ) -> DutyView:
        """Whether a brand's team is on duty at an instant, and if not, why."""
        at = instant or kit.clock.now()
        async with kit.database.transaction() as tx:
            calendar = await find_calendar(tx, brand, house.language)
        if calendar is None:
            raise NotFoundError("coverage", brand)
        if isinstance(calendar, InvalidError):
            raise calendar
        duty = calendar.at(at)
        return DutyView(
            brand=brand,
            at=at,
            on_duty=duty.on_duty,
            code=duty.code,
            text=duty.text,
            until=duty.until,
            next_start=calendar.next_start(at),
        )

    @router.get("/schedules/{id}/on-call", name="read_on_call", tags=["schedules"], responses=missing)
    async def read_on_call(
        id: Slug,  # noqa: A002
        _: Annotated[Principal, requires("schedules:read")],
        instant: At = None,
    ) -> OnCallView:
        """Who is on call on a schedule at an instant."""
        at = instant or kit.clock.now()
        async with kit.database.transaction() as tx:
            schedule = await SCHEDULES.get(tx, id)
        return OnCallView(schedule=id, at=at, shift=shift_at(schedule.doc, at))

    return router
