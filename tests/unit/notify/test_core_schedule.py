"""Who is on call: hand-offs stay on the wall clock, and shifts cover time exactly."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notify.domain.schedule import Override, Rotation, Schedule, rotation_at, shift_at

PARIS = ZoneInfo("Europe/Paris")


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).astimezone(UTC)


def schedule(**fields: object) -> Schedule:
    rotation = Rotation(
        responders=("alice", "bruno"), starts_on=date(2026, 3, 2), handoff=time(18), shift_days=7
    )
    return Schedule.model_validate({"name": "Astreinte", "rotation": rotation, **fields})


@pytest.mark.parametrize(
    ("moment", "responder"),
    [
        ("2026-03-02 17:59", None),  # nobody before the rotation starts
        ("2026-03-02 18:00", "alice"),
        ("2026-03-09 17:59", "alice"),
        ("2026-03-09 18:00", "bruno"),
        ("2026-03-16 18:00", "alice"),
        # The hand-off stays at 18:00 in Paris after both clock changes.
        ("2026-03-30 17:59", "bruno"),
        ("2026-03-30 18:00", "alice"),
        ("2026-10-26 17:59", "bruno"),
        ("2026-10-26 18:00", "alice"),
    ],
)
def test_whose_turn(moment: str, responder: str | None) -> None:
    shift = shift_at(schedule(), paris(moment))
    assert (shift.responder if shift else None) == responder


def test_a_shift_over_a_clock_change_is_an_hour_shorter_or_longer() -> None:
    spring = rotation_at(schedule(), paris("2026-03-28 12:00"))
    autumn = rotation_at(schedule(), paris("2026-10-24 12:00"))
    assert spring is not None
    assert autumn is not None
    assert spring.end - spring.start == timedelta(days=7) - timedelta(hours=1)
    assert autumn.end - autumn.start == timedelta(days=7) + timedelta(hours=1)


def test_an_override_takes_over_from_its_first_to_before_its_last_instant() -> None:
    carla = Override(responder="carla", start=paris("2026-03-07 12:00"), end=paris("2026-03-08 12:00"))
    covered = schedule(overrides=(carla,))
    found = {
        moment: shift_at(covered, paris(moment))
        for moment in ("2026-03-07 11:59", "2026-03-07 12:00", "2026-03-08 11:59", "2026-03-08 12:00")
    }
    assert [shift.responder if shift else None for shift in found.values()] == [
        "alice",
        "carla",
        "carla",
        "alice",
    ]
    assert [shift.overridden for shift in found.values() if shift] == [False, True, True, False]


def test_the_later_of_two_overrides_counts_and_both_fill_an_empty_slot() -> None:
    first = Override(responder="carla", start=paris("2026-02-01 00:00"), end=paris("2026-02-10 00:00"))
    second = Override(responder="david", start=paris("2026-02-05 00:00"), end=paris("2026-02-06 00:00"))
    covered = schedule(overrides=(first, second))
    for moment, responder in (("2026-02-04 12:00", "carla"), ("2026-02-05 12:00", "david")):
        shift = shift_at(covered, paris(moment))
        assert shift is not None
        assert shift.responder == responder
    assert shift_at(covered, paris("2026-02-11 00:00")) is None


_SCHEDULES = st.builds(
    Schedule,
    name=st.just("any"),
    zone=st.sampled_from(["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "UTC"]),
    rotation=st.builds(
        Rotation,
        responders=st.lists(st.sampled_from(["alice", "bruno", "carla"]), min_size=1, max_size=5).map(tuple),
        starts_on=st.dates(date(2025, 1, 1), date(2026, 6, 1)),
        handoff=st.times().map(lambda at: at.replace(microsecond=0, tzinfo=None)),
        shift_days=st.integers(1, 30),
    ),
    overrides=st.just(()),
)
_INSTANTS = st.datetimes(datetime(2026, 6, 3), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@settings(max_examples=200, deadline=None)
@given(any_schedule=_SCHEDULES, instant=_INSTANTS)
def test_shifts_cover_time_exactly(any_schedule: Schedule, instant: datetime) -> None:
    shift = rotation_at(any_schedule, instant)
    assert shift is not None
    assert shift.start <= instant < shift.end
    # Everything inside is the same shift, and the next one starts where it ends: no gap, no overlap.
    for inside in (shift.start, shift.end - timedelta(microseconds=1)):
        assert rotation_at(any_schedule, inside) == shift
    following = rotation_at(any_schedule, shift.end)
    assert following is not None
    assert following.start == shift.end
    turns = any_schedule.rotation.responders
    follows = [(turns[i], turns[(i + 1) % len(turns)]) for i in range(len(turns))]
    assert (shift.responder, following.responder) in follows


@settings(max_examples=100, deadline=None)
@given(any_schedule=_SCHEDULES, instant=_INSTANTS)
def test_a_cycle_gives_everybody_their_turns(any_schedule: Schedule, instant: datetime) -> None:
    turns = any_schedule.rotation.responders
    seen = []
    for _ in turns:
        shift = rotation_at(any_schedule, instant)
        assert shift is not None
        seen.append(shift.responder)
        instant = shift.end
    assert sorted(seen) == sorted(turns)
