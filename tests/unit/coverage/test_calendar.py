"""When is the team there: a table of moments, then properties over any windows."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.coverage import Closure, CoverageSpec, DutyWindow
from services.coverage.calendar import Calendar

PARIS = ZoneInfo("Europe/Paris")
WEEK = (1, 2, 3, 4, 5)
OFFICE = DutyWindow(days=WEEK, start=time(9), end=time(18))


def spec(*windows: DutyWindow, **fields: object) -> CoverageSpec:
    return CoverageSpec.model_validate({"brand": "lumen", "windows": windows or (OFFICE,), **fields})


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).astimezone(UTC)


OFFICE_MOMENTS = [
    # local moment, on duty, code, text
    ("2026-03-02 08:59:59", False, "before_hours", "avant 9 h"),
    ("2026-03-02 09:00", True, "on_duty", "équipe présente de 9 h à 18 h"),
    ("2026-03-02 17:59:59", True, "on_duty", "équipe présente de 9 h à 18 h"),
    ("2026-03-02 18:00", False, "after_hours", "après 18 h"),
    ("2026-03-07 12:00", False, "day_off", "samedi"),
    ("2026-03-08 12:00", False, "day_off", "dimanche"),
    ("2026-01-01 10:00", False, "holiday", "Jour de l'an"),
    ("2026-05-01 10:00", False, "holiday", "Fête du Travail"),
    ("2026-08-15 10:00", False, "holiday", "Assomption"),  # a Saturday: the holiday is the better reason
    ("2027-01-01 10:00", False, "holiday", "Jour de l'an"),
    ("2026-12-24 10:00", True, "on_duty", "équipe présente de 9 h à 18 h"),
]


@pytest.mark.parametrize(("moment", "on_duty", "code", "text"), OFFICE_MOMENTS)
def test_office_hours_in_france(moment: str, on_duty: bool, code: str, text: str) -> None:
    duty = Calendar(spec()).at(paris(moment))
    assert (duty.on_duty, duty.code, duty.text) == (on_duty, code, text)


def test_reasons_in_english() -> None:
    calendar = Calendar(spec(), "en")
    assert calendar.at(paris("2026-03-07 12:00")).text == "Saturday"
    assert calendar.at(paris("2026-03-02 18:00")).text == "after 18:00"
    assert calendar.at(paris("2026-08-15 10:00")).text == "Assumption Day"


@pytest.mark.parametrize(
    ("subdivision", "on_duty"),
    [(None, True), ("6AE", False), ("57", False), ("Alsace", False), ("971", True)],
)
def test_saint_stephen_is_a_holiday_in_alsace_and_moselle_only(
    subdivision: str | None, on_duty: bool
) -> None:
    saturday_team = DutyWindow(days=(6,), start=time(9), end=time(18))
    calendar = Calendar(spec(saturday_team, holiday_subdivision=subdivision))
    assert calendar.at(paris("2026-12-26 10:00")).on_duty is on_duty


def test_a_closure_closes_its_first_and_last_day() -> None:
    closure = Closure(first=date(2026, 3, 3), last=date(2026, 3, 4), reason="inventaire")
    calendar = Calendar(spec(closures=(closure,)))
    days = {day: calendar.at(paris(f"2026-03-0{day} 12:00")) for day in (2, 3, 4, 5)}
    assert [duty.on_duty for duty in days.values()] == [True, False, False, True]
    assert (days[3].code, days[3].text) == ("closure", "fermeture : inventaire")
    assert days[3].until == paris("2026-03-05 09:00")


def test_a_pause_at_noon_says_so() -> None:
    morning = DutyWindow(days=WEEK, start=time(9), end=time(12))
    afternoon = DutyWindow(days=WEEK, start=time(13, 30), end=time(18))
    duty = Calendar(spec(morning, afternoon)).at(paris("2026-03-02 12:30"))
    assert (duty.code, duty.text) == ("between_hours", "entre 12 h et 13 h 30")
    assert duty.until == paris("2026-03-02 13:30")


NIGHT = DutyWindow(days=WEEK, start=time(22), end=time(6))


@pytest.mark.parametrize(
    ("moment", "on_duty"),
    [
        ("2026-03-02 05:00", False),  # Monday: Sunday has no night shift
        ("2026-03-02 22:00", True),
        ("2026-03-03 05:59", True),
        ("2026-03-03 06:00", False),
        ("2026-03-07 05:00", True),  # Saturday morning is the end of Friday's shift
        ("2026-03-07 22:30", False),
        ("2026-07-13 23:00", True),  # the eve of the national day
        ("2026-07-14 00:00", False),  # a closed day is closed from midnight
        ("2026-07-14 23:00", False),  # no shift starts on it
        ("2026-07-15 05:00", False),  # so none ends on the next morning
    ],
)
def test_night_shifts(moment: str, on_duty: bool) -> None:
    assert Calendar(spec(NIGHT)).at(paris(moment)).on_duty is on_duty


def test_a_night_shift_is_one_duty_over_midnight() -> None:
    calendar = Calendar(spec(NIGHT))
    for moment in ("2026-03-02 22:00", "2026-03-03 00:00", "2026-03-03 05:59"):
        assert calendar.at(paris(moment)).until == paris("2026-03-03 06:00")


EVERY_DAY = tuple(range(1, 8))


def every_day(start: str, end: str) -> Calendar:
    window = DutyWindow(days=EVERY_DAY, start=time.fromisoformat(start), end=time.fromisoformat(end))
    return Calendar(spec(window, holiday_country=None))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


CLOCK_CHANGES = [
    # window, and its duty as (start, end) in UTC on the day of the change; None where it does not take place.
    # Spring, 29 March 2026: at 01:00 UTC clocks go from 02:00 to 03:00.
    ("spring", "02:15", "02:45", None),
    ("spring", "01:00", "02:30", ("2026-03-29 00:00", "2026-03-29 01:00")),
    ("spring", "02:30", "04:00", ("2026-03-29 01:00", "2026-03-29 02:00")),
    ("spring", "09:00", "18:00", ("2026-03-29 07:00", "2026-03-29 16:00")),
    ("spring", "22:00", "06:00", ("2026-03-28 21:00", "2026-03-29 04:00")),
    # Autumn, 25 October 2026: at 01:00 UTC clocks go from 03:00 back to 02:00.
    ("autumn", "02:15", "02:45", ("2026-10-25 00:15", "2026-10-25 00:45")),
    ("autumn", "01:00", "02:30", ("2026-10-24 23:00", "2026-10-25 00:30")),
    ("autumn", "02:30", "04:00", ("2026-10-25 00:30", "2026-10-25 03:00")),
    ("autumn", "09:00", "18:00", ("2026-10-25 08:00", "2026-10-25 17:00")),
    ("autumn", "22:00", "06:00", ("2026-10-24 20:00", "2026-10-25 05:00")),
]


@pytest.mark.parametrize(("season", "start", "end", "expected"), CLOCK_CHANGES)
def test_windows_across_clock_changes(
    season: str, start: str, end: str, expected: tuple[str, str] | None
) -> None:
    calendar = every_day(start, end)
    noon_before = utc("2026-03-28 12:00") if season == "spring" else utc("2026-10-24 12:00")
    # From the noon before, leave a duty that is under way, then look at the next one.
    asked = calendar.at(noon_before)
    at = asked.until if asked.on_duty else noon_before
    assert at is not None
    first = calendar.next_start(at)
    assert first is not None
    if expected is None:
        assert first > utc("2026-03-30 00:00")
        return
    assert first == utc(expected[0])
    assert calendar.at(first).until == utc(expected[1])


def test_two_windows_that_meet_inside_a_clock_change_stay_one_duty() -> None:
    early = DutyWindow(days=EVERY_DAY, start=time(1), end=time(2, 30))
    late = DutyWindow(days=EVERY_DAY, start=time(2, 30), end=time(5))
    calendar = Calendar(spec(early, late, holiday_country=None))
    assert calendar.at(utc("2026-10-24 23:00")).until == utc("2026-10-25 04:00")
    assert calendar.at(utc("2026-03-29 00:00")).until == utc("2026-03-29 03:00")


def test_without_windows_nobody_is_ever_there() -> None:
    calendar = Calendar(CoverageSpec(brand="lumen"))
    duty = calendar.at(paris("2026-03-02 10:00"))
    assert (duty.on_duty, duty.code, duty.until) == (False, "never_on_duty", None)
    assert calendar.next_start(paris("2026-03-02 10:00")) is None


def test_round_the_clock_has_no_end() -> None:
    calendar = every_day("00:00", "00:00")
    assert calendar.at(utc("2026-03-29 01:30")).on_duty
    assert calendar.next_change(utc("2026-03-29 01:30")) is None


def test_round_the_clock_but_for_holidays_ends_at_the_next_one() -> None:
    window = DutyWindow(days=EVERY_DAY, start=time(0), end=time(0))
    calendar = Calendar(spec(window))
    assert calendar.next_change(paris("2026-07-01 12:00")) == paris("2026-07-14 00:00")
    assert calendar.next_start(paris("2026-07-01 12:00")) == paris("2026-07-15 00:00")


@pytest.mark.parametrize("instant", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_absurd_instants_are_off_duty(instant: datetime) -> None:
    assert Calendar(spec()).at(instant).code == "outside_calendar"
    assert Calendar(spec()).previous_end(instant) is None


def test_neighbours_of_a_monday_morning() -> None:
    calendar = Calendar(spec())
    saturday = paris("2026-03-07 23:10")
    monday = paris("2026-03-09 09:00")
    assert calendar.next_start(saturday) == monday
    assert calendar.previous_end(monday) == paris("2026-03-06 18:00")
    assert calendar.next_start(monday) == paris("2026-03-10 09:00")


_TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0, tzinfo=None))
_WINDOWS = st.lists(
    st.builds(
        DutyWindow,
        days=st.lists(st.integers(1, 7), min_size=1, max_size=7, unique=True).map(tuple),
        start=_TIMES,
        end=_TIMES,
    ),
    min_size=1,
    max_size=4,
)
_ZONES = st.sampled_from(["Europe/Paris", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe", "UTC"])
_INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@settings(max_examples=150, deadline=None)
@given(windows=_WINDOWS, zone=_ZONES, instant=_INSTANTS)
def test_until_is_exactly_where_the_answer_changes(
    windows: list[DutyWindow], zone: str, instant: datetime
) -> None:
    calendar = Calendar(spec(*windows, zone=zone))
    duty = calendar.at(instant)
    if duty.until is None:
        assert calendar.at(instant + timedelta(days=300)).on_duty is duty.on_duty
        return
    assert duty.until > instant
    assert calendar.at(duty.until).on_duty is not duty.on_duty
    for share in (0.0, 0.1, 0.5, 0.9, 0.999):
        between = instant + share * (duty.until - instant)
        assert calendar.at(between).on_duty is duty.on_duty
    if not duty.on_duty:
        assert calendar.next_start(instant) == duty.until


@settings(max_examples=150, deadline=None)
@given(windows=_WINDOWS, zone=_ZONES, instant=_INSTANTS)
def test_away_from_clock_changes_the_wall_clock_decides(
    windows: list[DutyWindow], zone: str, instant: datetime
) -> None:
    local = instant.astimezone(ZoneInfo(zone))
    if (
        local.utcoffset()
        != (local - timedelta(days=2)).astimezone(UTC).astimezone(ZoneInfo(zone)).utcoffset()
    ):
        return
    if (
        local.utcoffset()
        != (local + timedelta(days=2)).astimezone(UTC).astimezone(ZoneInfo(zone)).utcoffset()
    ):
        return
    at, today, yesterday = local.time(), local.isoweekday(), (local.isoweekday() - 2) % 7 + 1
    expected = False
    for window in windows:
        if window.end > window.start:
            expected |= today in window.days and window.start <= at < window.end
        else:
            expected |= today in window.days and at >= window.start
            expected |= yesterday in window.days and at < window.end
    calendar = Calendar(spec(*windows, zone=zone, holiday_country=None))
    assert calendar.at(instant).on_duty is expected
