"""Windows in event time: any order of arrival gives the figures of the set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.rules.domain.history import History, slot_of
from services.rules.domain.window import Entry, Figures, Tail, Window

START = datetime(2026, 3, 7, 22, 0, tzinfo=UTC)


def entry(
    number: int, second: int, *, negative: bool = True, author: str = "", followers: int = 0, risk: int = 0
) -> Entry:
    at = START + timedelta(seconds=second)
    return Entry(UUID(int=number), at, negative, author or f"a{number}", followers, risk)


seconds = st.integers(0, 7200)
entries = st.lists(
    st.builds(
        lambda second, negative, author, followers, risk: (second, negative, author, followers, risk),
        seconds,
        st.booleans(),
        st.sampled_from("abcde"),
        st.integers(0, 5),
        st.integers(0, 100),
    ),
    min_size=1,
    max_size=40,
).map(
    lambda rows: [
        entry(i, s, negative=n, author=a, followers=f, risk=r) for i, (s, n, a, f, r) in enumerate(rows)
    ]
)


def counted(arrivals: list[Entry], minutes: int) -> Window:
    """A window after `arrivals`, one after another."""
    tail = Tail()
    window: Window | None = None
    for arrival in arrivals:
        replaced = tail.put(arrival)
        if window is None:
            window = Window(tail, minutes, arrival.event_at)
        elif arrival.event_at > window.end:
            window.advance(arrival.event_at)
        else:
            window.note(arrival, replaced)
    assert window is not None
    return window


def figures_of(found: list[Entry], minutes: int) -> Figures:
    """The figures by their definition."""
    end = max(each.event_at for each in found)
    inside = [each for each in found if end - timedelta(minutes=minutes) < each.event_at <= end]
    reach = {a: max(e.followers for e in inside if e.author == a) for a in {e.author for e in inside}}
    negative = sum(each.negative for each in inside)
    return Figures(len(inside), negative, len(reach), sum(reach.values()), max(each.risk for each in inside))


@given(entries, st.randoms(use_true_random=False), st.sampled_from([1, 5, 30, 90]))
def test_any_order_of_arrival_gives_the_figures_of_the_set(found, random, minutes):
    shuffled = random.sample(found, len(found))
    assert counted(shuffled, minutes).figures() == figures_of(found, minutes)


@given(entries, entries, st.randoms(use_true_random=False))
def test_edits_replace_what_they_edit(found, edits, random):
    edited = [
        Entry(old.mention_id, old.event_at, new.negative, new.author, new.followers, new.risk)
        for old, new in zip(found, edits, strict=False)
    ]
    arrivals = random.sample(found, len(found)) + edited
    final = {each.mention_id: each for each in found + edited}
    assert counted(arrivals, 30).figures() == figures_of(list(final.values()), 30)


@given(entries, st.integers(1, 39))
def test_a_window_taken_up_again_from_storage_goes_on_as_if_never_left(found, cut):
    before, after = found[:cut], found[cut:]
    whole = counted(found, 30)
    tail = Tail(before)
    resumed = Window(tail, 30, max(each.event_at for each in before))
    for arrival in after:
        replaced = tail.put(arrival)
        if arrival.event_at > resumed.end:
            resumed.advance(arrival.event_at)
        else:
            resumed.note(arrival, replaced)
    assert resumed.figures() == whole.figures()


def test_a_window_is_open_at_its_beginning_and_closed_at_its_end():
    window = counted([entry(1, 0), entry(2, 1), entry(3, 1800)], 30)
    assert window.figures().mentions == 2
    assert window.figures_at(START + timedelta(seconds=1)).mentions == 2


def test_the_worst_come_first_and_the_beginning_is_the_first_negative():
    found = [
        entry(1, 0, negative=False),
        entry(2, 5, risk=10),
        entry(3, 9, risk=90),
        entry(4, 10, risk=10, followers=9),
    ]
    window = counted(found, 30)
    assert [each.mention_id.int for each in window.worst(window.end)] == [3, 4, 2, 1]
    assert window.first(window.end) == found[1]
    assert window.first(START) == found[0]


def test_usual_is_none_before_a_day_of_history_and_counts_quiet_days_after():
    end = START + timedelta(days=3)
    assert History({}, None).usual(end, 30) is None
    assert History({}, end - timedelta(hours=20)).usual(end, 30) is None
    counts = {(slot_of(end), 30): [4, 0, 5, 100, 0, 0, 0]}
    assert History(counts, end - timedelta(days=3, hours=1)).usual(end, 30) == 3.0


def test_usual_adds_what_the_batch_brought_before():
    history = History({}, START - timedelta(days=2))
    for minute in (5, 10, 29, 31):
        history.add(START - timedelta(minutes=minute))
    later = START + timedelta(days=1)
    assert history.usual(later, 30) == 1.5  # three in the window a day before, over two whole days of history
    assert slot_of(START + timedelta(minutes=9, seconds=59)) == START
