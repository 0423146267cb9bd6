"""Refuse a coverage that could not mean what its author thinks: unknown zones, holidays that never apply."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from functools import cache

import holidays

from services.contracts.coverage import CoverageSpec
from services.contracts.errors import Fault, InvalidError
from services.coverage.zone import zone_names

# A subdivision that adds or removes no day in any of these years has no public holidays of its own.
_PROBED_YEARS = range(2020, 2031)


def check_spec(spec: CoverageSpec) -> None:
    """Return if `spec` can be computed and says something.

    Raises:
        InvalidError: With one fault for each thing wrong: its field, the problem, and what to write instead.
    """
    faults = [*_zone_faults(spec), *_window_faults(spec), *_holiday_faults(spec), *_closure_faults(spec)]
    if faults:
        raise InvalidError(*faults)


def _zone_faults(spec: CoverageSpec) -> Iterator[Fault]:
    if spec.zone not in zone_names():
        near = difflib.get_close_matches(spec.zone, zone_names(), n=3)
        fix = f"Did you mean {' or '.join(near)}?" if near else "Write an IANA name such as Europe/Paris."
        yield Fault("zone", f"'{spec.zone}' is not a known time zone.", fix)


def _window_faults(spec: CoverageSpec) -> Iterator[Fault]:
    for index, window in enumerate(spec.windows):
        for name, at in (("start", window.start), ("end", window.end)):
            if at.tzinfo is not None:
                yield Fault(
                    f"windows[{index}].{name}",
                    "A window is on the wall clock of the coverage's zone, and has no offset of its own.",
                    "Write the time alone, such as 09:00.",
                )
            elif at.second or at.microsecond:
                yield Fault(
                    f"windows[{index}].{name}", "Duty starts and ends on a minute.", "Leave out the seconds."
                )


def _closure_faults(spec: CoverageSpec) -> Iterator[Fault]:
    for index, closure in enumerate(spec.closures):
        if closure.last < closure.first:
            yield Fault(
                f"closures[{index}].last",
                f"The closure ends on {closure.last}, before it starts on {closure.first}.",
                "Write the last closed day, on or after the first.",
            )


def _holiday_faults(spec: CoverageSpec) -> Iterator[Fault]:
    country, subdivision = spec.holiday_country, spec.holiday_subdivision
    if country is None:
        if subdivision is not None:
            yield Fault(
                "holiday_subdivision",
                "A subdivision says nothing without a country.",
                "Write holiday_country too, or leave both out.",
            )
        return
    if country not in _countries():
        yield Fault(
            "holiday_country",
            f"No public holidays are known for '{country}'.",
            "Write an ISO 3166 code of two capital letters, such as FR, or null for no holidays.",
        )
    elif subdivision is not None and subdivision not in subdivisions(country):
        known = ", ".join(subdivisions(country))
        yield Fault(
            "holiday_subdivision",
            f"'{subdivision}' has no public holidays of its own in {country}.",
            f"Write one of {known}, or null." if known else "Write null.",
        )


@cache
def _countries() -> frozenset[str]:
    return frozenset(holidays.list_supported_countries(include_aliases=False))


@cache
def subdivisions(country: str) -> tuple[str, ...]:
    """The codes and names of those parts of `country` whose public holidays differ from the country's own."""
    kind = getattr(holidays, country)
    plain = set(_days(country, None))
    differing = {code for code in kind.subdivisions if set(_days(country, code)) != plain}
    aliases = {alias for alias, code in kind.subdivisions_aliases.items() if code in differing}
    return tuple(sorted(differing | aliases))


def _days(country: str, subdivision: str | None) -> holidays.HolidayBase:
    kind = getattr(holidays, country)
    years = [year for year in _PROBED_YEARS if kind.start_year <= year <= kind.end_year]
    return holidays.country_holidays(country, subdiv=subdivision, years=years)
