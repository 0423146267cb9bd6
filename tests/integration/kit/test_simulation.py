from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from services.kit.clock import ManualClock
from services.kit.database import Database
from services.kit.runtime import Ticker
from services.kit.simulation import Cue, Simulation, Stop

START = datetime(2026, 3, 12, 8, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


class Desk:
    """A runtime that writes down when it settled, with alarms that go off once."""

    def __init__(self, clock: ManualClock, alarms: Sequence[datetime] = ()) -> None:
        self.clock = clock
        self.alarms = list(alarms)
        self.settled: list[datetime] = []
        self.rang: list[datetime] = []

    async def settle(self) -> None:
        self.settled.append(self.clock.now())
        self.rang += [alarm for alarm in self.alarms if alarm <= self.clock.now()]
        self.alarms = [alarm for alarm in self.alarms if alarm > self.clock.now()]

    async def next_due(self) -> datetime | None:
        return min(self.alarms, default=None)


class Stage:
    """A simulation whose published items are written down with the time."""

    def __init__(self, database: Database, alarms: Sequence[datetime] = (), **options: object) -> None:
        self.clock = ManualClock(START)
        self.desk = Desk(self.clock, alarms)
        self.published: list[tuple[datetime, list[str]]] = []
        self.simulation: Simulation[str] = Simulation(
            name="test",
            database=database,
            clock=self.clock,
            runtime=self.desk,
            publish=self.publish,
            **options,  # type: ignore[arg-type]
        )

    async def publish(self, items: Sequence[str]) -> None:
        self.published.append((self.clock.now(), list(items)))


async def test_what_arrives_in_one_minute_is_published_together_at_the_last_instant(
    database: Database,
) -> None:
    stage = Stage(database)
    feed = [Cue(at(1.1), "a"), Cue(at(1.2), "b"), Cue(at(1.9), "c"), Cue(at(2), "d")]
    end = await stage.simulation.run(feed, until=at(60))
    assert stage.published == [(at(1.9), ["a", "b", "c"]), (at(2), ["d"])]
    assert end == Stop(at(60), 4)
    assert stage.clock.now() == at(60)


async def test_what_is_due_between_two_items_of_a_minute_comes_between_them(database: Database) -> None:
    stage = Stage(database, alarms=[at(1.5)])
    await stage.simulation.run([Cue(at(1.1), "a"), Cue(at(1.9), "b")], until=at(5))
    assert stage.published == [(at(1.1), ["a"]), (at(1.9), ["b"])]
    assert at(1.5) in stage.desk.settled
    assert stage.desk.rang == [at(1.5)]


async def test_the_clock_stops_only_where_something_happens(database: Database) -> None:
    stage = Stage(database, alarms=[at(600), at(5000)])
    await stage.simulation.run([Cue(at(30), "a")], until=at(10_000))
    assert stage.desk.settled == [START, at(30), at(600), at(5000), at(10_000)]


async def test_items_behind_the_end_stay_unpublished(database: Database) -> None:
    stage = Stage(database)
    end = await stage.simulation.run(
        [Cue(at(1), "a"), Cue(at(10), "at the end"), Cue(at(11), "b")], until=at(10)
    )
    assert [items for _, items in stage.published] == [["a"], ["at the end"]]
    assert end.position == 2


async def test_a_killed_run_goes_on_where_it_stood_and_repeats_at_most_the_last_batch(
    database: Database,
) -> None:
    feed = [Cue(at(minute), f"item {minute}") for minute in range(1, 6)]

    class PowerCutError(Exception):
        pass

    async def cut(stop: Stop) -> None:
        if stop.position == 3:
            raise PowerCutError

    first = Stage(database, stepped=cut)
    with pytest.raises(PowerCutError):
        await first.simulation.run(feed, until=at(60))
    second = Stage(database)
    await second.simulation.run(feed, until=at(60))
    assert [items for _, items in first.published] == [["item 1"], ["item 2"], ["item 3"]]
    # The batch that was in hand comes again, at the very same instant: its reader knows it by its id.
    assert second.published[0] == (at(3), ["item 3"])
    assert [items for _, items in second.published[1:]] == [["item 4"], ["item 5"]]
    assert second.desk.settled[0] == at(3)


async def test_a_finished_run_does_nothing_twice(database: Database) -> None:
    feed = [Cue(at(1), "a")]
    await Stage(database).simulation.run(feed, until=at(60))
    again = Stage(database)
    assert await again.simulation.run(feed, until=at(60)) == Stop(at(60), 1)
    assert again.published == []


async def test_people_act_on_what_has_settled_and_are_waited_for(database: Database) -> None:
    acted: list[datetime] = []

    async def tick(now: datetime) -> bool:
        if now >= at(14) and not acted:
            acted.append(now)
            return True
        return False

    async def next_due(after: datetime) -> datetime | None:
        return None if after >= at(14) else at(14)

    stage = Stage(database, people=[Ticker("bruno", timedelta(0), tick, next_due)])
    await stage.simulation.run([Cue(at(10), "a")], until=at(20))
    assert acted == [at(14)]
    # Settled before he acted, and once more after it, before the clock went on.
    assert stage.desk.settled.count(at(14)) == 2


async def test_a_feed_that_goes_back_in_time_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="goes back in time"):
        await Stage(database).simulation.run([Cue(at(2), "b"), Cue(at(1), "a")], until=at(60))


async def test_something_due_that_settling_does_not_do_is_told_rather_than_run_for_ever(
    database: Database,
) -> None:
    class Stuck(Desk):
        async def next_due(self) -> datetime | None:
            return self.clock.now()

    stage = Stage(database)
    stage.simulation._runtime = Stuck(stage.clock)
    with pytest.raises(RuntimeError, match="did not do it"):
        await stage.simulation.run([], until=at(60))
