"""Is the team on duty at this instant, why, and until when.

What a clock change, a holiday or a night shift means here:

- Windows are on the wall clock. A start or an end that clocks jump over is the end of the jump, so a window that
  lies wholly inside the jump does not take place that day; one that clocks show twice is its first occurrence.
- A window over midnight belongs to the day it starts on. On a closed day (holiday, closure) it does not start, and
  one that started the evening before ends at midnight: a closed day is closed from midnight to midnight.
- In doubt the answer is "off duty", because then somebody is paged.
"""

from __future__ import annotations

import warnings
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays

from services.contracts.coverage import CoverageSpec
from services.coverage.check import check_spec
from services.coverage.phrase import Language, day_name, hour, phrase
from services.coverage.zone import instant_of, midnight_of

_DAY = timedelta(days=1)
# Farther than any closure but an open-ended one: a year and a margin.
_HORIZON_DAYS = 400
# 16 years of days: a long replay does not grow without bound.
_CACHED_DAYS = 6000
_FIRST = datetime(1970, 1, 2, tzinfo=UTC)
_LAST = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Duty:
    """Whether a team is on duty at an instant.

    Attributes:
        on_duty: True when covered; False is off-hours.
        code: Why, for machines: `on_duty`, `before_hours`, `between_hours`, `after_hours`, `day_off`, `holiday`,
            `closure`, `never_on_duty`, `outside_calendar`.
        text: Why, for people, in the calendar's language: "samedi", "après 18 h", "Assomption".
        until: When `on_duty` changes next; None when it does not within 400 days.
    """

    on_duty: bool
    code: str
    text: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class _Span:
    """A covered stretch inside one local day, and the wall-clock times that people know it by."""

    start: datetime
    end: datetime
    shown_start: time
    shown_end: time


@dataclass(frozen=True, slots=True)
class _Day:
    """A local day cut into stretches of one answer each: `duties[i]` holds from `starts[i]` on."""

    starts: tuple[datetime, ...]
    duties: tuple[Duty, ...]


class Calendar:
    """Answers for one coverage; days are computed once and kept, so `at` costs about a microsecond.

    Args:
        spec: When the team is on duty.
        language: Of the reasons.

    Raises:
        InvalidError: The specification cannot be computed (see `check_spec`).
    """

    def __init__(self, spec: CoverageSpec, language: Language = "fr") -> None:
        check_spec(spec)
        self.spec = spec
        self._language = language
        self._zone = ZoneInfo(spec.zone)
        self._days: dict[date, _Day] = {}
        self._covered: dict[date, tuple[_Span, ...]] = {}
        self._holidays = _holidays_of(spec, language)
        self._outside = _off("outside_calendar", phrase("outside_calendar", language), None)
        self._never = _off("never_on_duty", phrase("never_on_duty", language), None)

    def at(self, instant: datetime) -> Duty:
        """Whether the team is on duty at `instant` (aware), and why. Before 1970 and after 2199 it is not."""
        if not self.spec.windows:
            return self._never
        if not _FIRST <= instant < _LAST:
            return self._outside
        day = instant.astimezone(self._zone).date()
        table = self._days.get(day) or self._table(day)
        return table.duties[max(bisect_right(table.starts, instant) - 1, 0)]

    def next_change(self, instant: datetime) -> datetime | None:
        """The first instant after `instant` at which the team comes or goes; None if not within 400 days."""
        return self.at(instant).until

    def next_start(self, instant: datetime) -> datetime | None:
        """The first instant after `instant` at which the team comes on duty; None if not within 400 days."""
        duty = self.at(instant)
        if not duty.on_duty or duty.until is None:
            return duty.until
        return self.at(duty.until).until

    def previous_end(self, instant: datetime) -> datetime | None:
        """The last instant before `instant` at which the team went off duty; None if not within 400 days."""
        if not self.spec.windows or not _FIRST <= instant < _LAST:
            return None
        day = instant.astimezone(self._zone).date()
        for back in range(_HORIZON_DAYS):
            for span in reversed(self._spans(day - back * _DAY)):
                if span.end < instant and not self.at(span.end).on_duty:
                    return span.end
        return None

    def _table(self, day: date) -> _Day:
        starts: list[datetime] = []
        duties: list[Duty] = []
        before: _Span | None = None
        cursor = midnight_of(day, self._zone)
        end_of_day = midnight_of(day + _DAY, self._zone)
        for span in self._spans(day):
            if cursor < span.start:
                starts.append(cursor)
                duties.append(self._off_duty(day, before, span, span.start))
            starts.append(span.start)
            duties.append(self._on_duty(day, span))
            before, cursor = span, span.end
        if cursor < end_of_day:
            starts.append(cursor)
            duties.append(self._off_duty(day, before, None, self._next_covered(day + _DAY)))
        if len(self._days) >= _CACHED_DAYS:
            self._days.clear()
            self._covered.clear()
        return self._days.setdefault(day, _Day(tuple(starts), tuple(duties)))

    def _on_duty(self, day: date, span: _Span) -> Duty:
        shown = {"start": hour(span.shown_start, self._language), "end": hour(span.shown_end, self._language)}
        return Duty(
            on_duty=True,
            code="on_duty",
            text=phrase("on_duty", self._language, **shown),
            until=self._end_of_duty(day, span),
        )

    def _off_duty(self, day: date, before: _Span | None, after: _Span | None, until: datetime | None) -> Duty:
        closed = self._closed(day)
        if closed is not None:
            return _off(*closed, until)
        start = hour(before.shown_end, self._language) if before else ""
        end = hour(after.shown_start, self._language) if after else ""
        if not before and not after:
            return _off("day_off", day_name(day.isoweekday(), self._language), until)
        code = "between_hours" if before and after else "after_hours" if before else "before_hours"
        return _off(code, phrase(code, self._language, start=start, end=end), until)

    def _closed(self, day: date) -> tuple[str, str] | None:
        """Why nobody is on duty on the whole of `day`, as code and text; None when it is an ordinary day."""
        for closure in self.spec.closures:
            if closure.first <= day <= closure.last:
                return "closure", phrase("closure", self._language, reason=closure.reason)
        name = None if self._holidays is None else _name_of(self._holidays, day)
        if name is not None:
            return "holiday", name
        return None

    def _next_covered(self, day: date) -> datetime | None:
        """The first covered instant on `day` or later."""
        for ahead in range(_HORIZON_DAYS):
            spans = self._spans(day + ahead * _DAY)
            if spans:
                return spans[0].start
        return None

    def _end_of_duty(self, day: date, span: _Span) -> datetime | None:
        """When the duty that includes `span` ends: over midnight it goes on while the next day starts covered."""
        end = span.end
        for ahead in range(_HORIZON_DAYS):
            if end < midnight_of(day + (ahead + 1) * _DAY, self._zone):
                return end
            following = self._spans(day + (ahead + 1) * _DAY)
            if not following or following[0].start > end:
                return end
            end = following[0].end
        return None

    def _spans(self, day: date) -> tuple[_Span, ...]:
        """The covered stretches of a local day, in order, merged where they touch."""
        known = self._covered.get(day)
        if known is None:
            known = self._covered[day] = tuple(_merged(self._raw_spans(day)))
        return known

    def _raw_spans(self, day: date) -> list[_Span]:
        if self._closed(day) is not None:
            return []
        spans: list[_Span] = []
        first, last = midnight_of(day, self._zone), midnight_of(day + _DAY, self._zone)
        evening = day - _DAY
        evening_open = self._closed(evening) is None
        for window in self.spec.windows:
            over_midnight = window.end <= window.start
            if day.isoweekday() in window.days:
                start = instant_of(day, window.start, self._zone)
                end = last if over_midnight else instant_of(day, window.end, self._zone)
                spans.append(_Span(start, end, window.start, window.end))
            if over_midnight and evening_open and evening.isoweekday() in window.days:
                end = instant_of(day, window.end, self._zone)
                spans.append(_Span(first, end, window.start, window.end))
        return [span for span in spans if span.start < span.end]


def _off(code: str, text: str, until: datetime | None) -> Duty:
    return Duty(on_duty=False, code=code, text=text, until=until)


def _merged(spans: list[_Span]) -> list[_Span]:
    merged: list[_Span] = []
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        if merged and span.start <= merged[-1].end:
            last = merged[-1]
            if span.end > last.end:
                merged[-1] = _Span(last.start, span.end, last.shown_start, span.shown_end)
        else:
            merged.append(span)
    return merged


def _name_of(public: holidays.HolidayBase, day: date) -> str | None:
    """The holiday that a day is. Some countries fix theirs a few years ahead only: beyond, days are ordinary ones."""
    if not public.start_year <= day.year <= public.end_year:
        return None
    if day.year in public.years:
        return public.get(day)
    with warnings.catch_warnings():
        # The first look at a year computes it; for one that is not fixed in every part the library warns.
        warnings.simplefilter("ignore", UserWarning)
        return public.get(day)


def _holidays_of(spec: CoverageSpec, language: Language) -> holidays.HolidayBase | None:
    if spec.holiday_country is None:
        return None
    known = getattr(holidays, spec.holiday_country).supported_languages
    wanted = next((name for name in known if name.split("_")[0] == language), None)
    return holidays.country_holidays(spec.holiday_country, subdiv=spec.holiday_subdivision, language=wanted)
