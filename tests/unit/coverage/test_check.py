"""What cannot be computed, or says nothing, is refused with its field and its mending."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import holidays
import pytest

from services.contracts.coverage import CoverageSpec, DutyWindow
from services.contracts.errors import InvalidError
from services.coverage.calendar import Calendar
from services.coverage.check import check_spec, subdivisions

REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"zone": "Europe/Pari"}, "zone", "Europe/Paris"),
    ({"zone": "../etc/passwd"}, "zone", "IANA"),
    ({"zone": ""}, "zone", "IANA"),
    ({"holiday_country": "XX"}, "holiday_country", "ISO 3166"),
    ({"holiday_country": "fr"}, "holiday_country", "capital"),
    ({"holiday_subdivision": "XX"}, "holiday_subdivision", "6AE"),
    ({"holiday_subdivision": "GES"}, "holiday_subdivision", "6AE"),  # a region without holidays of its own
    ({"holiday_subdivision": "Zone A"}, "holiday_subdivision", "6AE"),  # school holidays close no office
    ({"holiday_country": None, "holiday_subdivision": "57"}, "holiday_subdivision", "holiday_country"),
    ({"windows": [{"days": [1], "start": "09:00Z", "end": "18:00"}]}, "windows[0].start", "alone"),
    ({"windows": [{"days": [1], "start": "09:00:30", "end": "18:00"}]}, "windows[0].start", "seconds"),
    (
        {"closures": [{"first": "2026-03-04", "last": "2026-03-03", "reason": "x"}]},
        "closures[0].last",
        "on or after",
    ),
]


@pytest.mark.parametrize(("fields", "field", "fix"), REFUSED)
def test_refused(fields: dict[str, Any], field: str, fix: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        check_spec(CoverageSpec.model_validate({"brand": "lumen", **fields}))
    assert [fault.field for fault in refusal.value.faults] == [field]
    assert fix in refusal.value.faults[0].fix


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(InvalidError) as refusal:
        check_spec(CoverageSpec(brand="lumen", zone="Mars/Olympus", holiday_country="ZZ"))
    assert {fault.field for fault in refusal.value.faults} == {"zone", "holiday_country"}


@pytest.mark.parametrize("subdivision", ["57", "6AE", "Alsace", "La Réunion", None])
def test_accepted(subdivision: str | None) -> None:
    check_spec(CoverageSpec(brand="lumen", holiday_subdivision=subdivision))


def test_a_country_whose_parts_share_their_holidays_has_no_subdivisions_to_name() -> None:
    assert subdivisions("NO") == ()


@pytest.mark.parametrize("country", sorted(holidays.list_supported_countries(include_aliases=False)))
def test_every_country_can_be_computed_in_any_year(country: str) -> None:
    """Some publish their holidays for a few years only: outside them a day is an ordinary one, not an error."""
    subdivisions(country)
    window = DutyWindow(days=(1, 2, 3, 4, 5), start=time(9), end=time(18))
    calendar = Calendar(CoverageSpec(brand="lumen", windows=(window,), holiday_country=country))
    for year in (1970, 1999, 2026, 2040, 2199):
        assert calendar.at(datetime(year, 6, 3, 12, tzinfo=UTC)).until is not None
