"""How a group shares partitions: evenly, wholly, and moving as little as possible."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.kit.pglog.group import share
from services.kit.pglog.records import partition_of

members = st.lists(st.uuids(), min_size=1, max_size=8, unique=True)


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[tuple[str, int]], list[UUID], dict[tuple[str, int], UUID]]:
    """Places, members, and who holds what: some of it by members that have left."""
    places = [("t", number) for number in range(draw(st.integers(0, 16)))]
    present = draw(members)
    gone = draw(st.lists(st.uuids(), max_size=2))
    held = {place: draw(st.sampled_from([None, *present, *gone])) for place in places}
    return places, present, {place: owner for place, owner in held.items() if owner is not None}


@given(situations())
def test_everything_is_shared_evenly(situation):
    places, present, held = situation
    plan = share(places, present, held)
    assert set(plan) == set(places)
    loads = Counter(plan.values())
    counts = [loads[member] for member in present]
    assert sum(counts) == len(places)
    assert not counts or max(counts) - min(counts) <= 1


@given(situations())
def test_a_carried_out_plan_stays(situation):
    places, present, held = situation
    plan = share(places, present, held)
    assert share(places, present, plan) == plan


@given(situations())
def test_nobody_loses_while_not_above_its_share(situation):
    places, present, held = situation
    plan = share(places, present, held)
    for member in present:
        mine = {place for place, owner in held.items() if owner == member}
        kept = {place for place in mine if plan[place] == member}
        assert len(kept) >= min(len(mine), len(places) // len(present))


@given(situations(), st.randoms())
def test_all_members_come_to_the_same_plan(situation, chance):
    places, present, held = situation
    shuffled = list(present)
    chance.shuffle(shuffled)
    assert share(places, present, held) == share(places[::-1], shuffled, dict(reversed(held.items())))


def test_a_key_has_the_same_partition_in_every_version():
    # Frozen: another answer would split a brand's history over two partitions.
    assert [partition_of(key, 6) for key in ("acme", "globex", "éclair")] == [2, 4, 3]
