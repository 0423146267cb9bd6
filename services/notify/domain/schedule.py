"""Who is on call: a rotation on the wall clock, and the exceptions to it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from services.contracts.values import Instant, Slug
from services.coverage.zone import instant_of


class Rotation(BaseModel):
    """Responders who follow one another.

    Attributes:
        responders: In order of their turns; one who is named twice has two turns a cycle.
        starts_on: The local day on which the first of them starts. Before it nobody is on call.
        handoff: Local time at which one hands over to the next; it stays there across clock changes.
        shift_days: Days between hand-offs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    responders: tuple[Slug, ...] = Field(min_length=1, max_length=200)
    starts_on: date
    handoff: time
    shift_days: int = Field(default=7, ge=1, le=366)


class Override(BaseModel):
    """Somebody takes over for a while: from `start`, up to but not including `end`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    responder: Slug
    start: Instant
    end: Instant


class Schedule(BaseModel):
    """Who is on call, at any instant.

    Attributes:
        zone: IANA zone of the rotation's wall clock.
        overrides: Where two meet, the later one in the list counts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    zone: str = "Europe/Paris"
    rotation: Rotation
    overrides: tuple[Override, ...] = Field(default=(), max_length=1000)

    def named_responders(self) -> list[tuple[str, str]]:
        """Everybody it names, as (field, responder id)."""
        turns = [
            (f"rotation.responders[{index}]", name) for index, name in enumerate(self.rotation.responders)
        ]
        return turns + [
            (f"overrides[{index}].responder", swap.responder) for index, swap in enumerate(self.overrides)
        ]


class Shift(BaseModel):
    """Somebody's turn: from `start`, up to but not including `end`."""

    model_config = ConfigDict(frozen=True)

    responder: Slug
    start: Instant
    end: Instant
    overridden: bool = False


def shift_at(schedule: Schedule, instant: datetime) -> Shift | None:
    """Whose turn it is at `instant`, and for how long unless somebody takes over; None while nobody is on call."""
    for override in reversed(schedule.overrides):
        if override.start <= instant < override.end:
            return Shift(
                responder=override.responder, start=override.start, end=override.end, overridden=True
            )
    return rotation_at(schedule, instant)


def rotation_at(schedule: Schedule, instant: datetime) -> Shift | None:
    """Whose turn it is by the rotation alone."""
    rotation, zone = schedule.rotation, ZoneInfo(schedule.zone)
    days = (instant.astimezone(zone).date() - rotation.starts_on).days
    turn = days // rotation.shift_days
    start = _handoff(rotation, turn, zone)
    if instant < start:
        turn -= 1
        start = _handoff(rotation, turn, zone)
    if turn < 0:
        return None
    responder = rotation.responders[turn % len(rotation.responders)]
    return Shift(responder=responder, start=start, end=_handoff(rotation, turn + 1, zone))


def _handoff(rotation: Rotation, turn: int, zone: ZoneInfo) -> datetime:
    return instant_of(rotation.starts_on + timedelta(days=turn * rotation.shift_days), rotation.handoff, zone)
