from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.replay.moment import Calendar, is_month_first

PARIS = Calendar(ZoneInfo("Europe/Paris"))


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-14T22:40:12Z",
        "2026-03-14T22:40:12+00:00",
        "2026-03-14 23:40:12",  # on the wall clock in Paris
        "2026-03-14T23:40:12+01:00",
        "20260314T224012Z",
        "14/03/2026 23:40:12",
        "14.03.2026 23:40:12",
        "14/03/2026 11:40:12 PM",
        "Sat, 14 Mar 2026 22:40:12 GMT",
        "Sat Mar 14 22:40:12 +0000 2026",
        1773528012,
        "1773528012",
        "1773528012000",
        "1773528012000000",
        1773528012.0,
    ],
)
def test_one_instant_however_it_is_written(written) -> None:
    assert PARIS.read(written) == datetime(2026, 3, 14, 22, 40, 12, tzinfo=UTC)


def test_a_day_alone_is_its_midnight_in_the_zone() -> None:
    assert PARIS.read("14/03/2026") == datetime(2026, 3, 13, 23, tzinfo=UTC)
    assert PARIS.read("2026-07-14") == datetime(2026, 7, 13, 22, tzinfo=UTC)


def test_a_french_hour_is_read() -> None:
    assert PARIS.read("14/03/2026 à 23h40") == datetime(2026, 3, 14, 22, 40, tzinfo=UTC)


def test_the_month_comes_first_only_where_it_cannot_be_otherwise() -> None:
    assert is_month_first(["03/04/2026", "03/14/2026"])
    assert not is_month_first(["03/04/2026", "05/06/2026"])
    assert not is_month_first(["14/03/2026", "03/14/2026"])
    assert not is_month_first(["2026-03-14"])
    american = Calendar(ZoneInfo("UTC"), month_first=True)
    assert american.read("03/04/2026") == datetime(2026, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    ["", "yesterday", "32/01/2026", "14/13/2026", "0", "1969-12-31", "1999-12-31", "2150-01-01", "25:00"],
)
def test_what_is_no_plausible_date_is_refused(written) -> None:
    with pytest.raises(ValueError, match="not a"):
        PARIS.read(written)


@given(st.text(max_size=40))
def test_nothing_that_people_write_breaks_it(written) -> None:
    try:
        found = PARIS.read(written)
    except ValueError:
        return
    assert 1999 <= found.year <= 2100
    assert found.utcoffset() is not None


@given(st.integers(946_771_200, 4_102_272_000))  # 2 January 2000 to 30 December 2099
def test_what_isoformat_writes_is_read_back(seconds) -> None:
    instant = datetime.fromtimestamp(seconds, UTC)
    assert PARIS.read(instant.isoformat()) == instant
