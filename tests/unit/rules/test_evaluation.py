"""Situations over arrivals: raised once, growing by steps, ending; whatever the batching."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.events import MentionFound
from services.contracts.values import Author, Reference, Sentiment
from services.rules.domain.arrival import Arrival, BrandState, ReadyRule
from services.rules.domain.assessment import Assessment
from services.rules.domain.condition import compile_rule
from services.rules.domain.episode import Episode, Grew, Raised, Signal
from services.rules.domain.evaluation import Evaluation
from services.rules.domain.history import History
from services.rules.domain.rule import Rule
from services.rules.domain.variable import TeamClock
from services.rules.domain.window import Tail

START = datetime(2026, 3, 7, 22, 0, tzinfo=UTC)
CLOCK = TeamClock(None, "Europe/Paris")


def arrival(
    number: int, minute: float, *, risk: int = 10, negative: bool = True, revision: int = 0
) -> Arrival:
    at = START + timedelta(minutes=minute)
    mention = MentionFound(
        brand="lumea",
        mention_id=UUID(int=number),
        revision=revision,
        source="api",
        source_kind="push",
        external_id=str(number),
        text=f"mention {number}",
        author=Author(handle=f"a{number % 7}", followers=10),
        published_at=at,
        received_at=at,
    )
    tone = Sentiment.NEGATIVE if negative else Sentiment.POSITIVE
    return Arrival(mention, Assessment("fr", tone, 0.9, risk, (), (), "test"), at)


def ready(rule_id: str, **fields: object) -> ReadyRule:
    rule = Rule.model_validate({"name": rule_id, "severity": "warning", "quiet_minutes": 30} | fields)
    return ReadyRule(Reference(id=rule_id, name=rule_id), rule, compile_rule(rule))


RULES = [
    ready("danger", when="risk >= 80"),
    ready(
        "wave",
        when="mentions >= 4 && negative_share >= 0.5",
        window_minutes=30,
        critical_when="mentions >= 8",
    ),
    ready("burst", when="mentions >= 3", window_minutes=5),
    ready("per-hour", when="risk >= 60", dedup_key='brand + ":" + string(hour)'),
]


def judged(
    arrivals: Sequence[Arrival],
    *,
    batch: int = 10_000,
    rules: Sequence[ReadyRule] = RULES,
    now: datetime | None = None,
) -> list[Signal]:
    """What is told when `arrivals` come in batches, each starting from what the one before left."""
    now = now or START + timedelta(hours=12)
    signals: list[Signal] = []
    watermark, entries = None, []
    episodes: dict[tuple[str, str], Episode] = {}
    for begin in range(0, len(arrivals), batch):
        state = BrandState("lumea", watermark, Tail(entries), episodes)
        evaluation = Evaluation(
            state,
            rules,
            history=History({}, None),
            clock=CLOCK,
            now=now,
            tongue="fr",
            stale_after=timedelta(days=3),
        )
        for each in arrivals[begin : begin + batch]:
            evaluation.take(each)
            entries = [e for e in entries if e.mention_id != each.mention.mention_id] + [each.entry()]
        signals += evaluation.signals
        watermark, episodes = state.watermark, state.episodes
    return signals


def shape(signals: Sequence[Signal]) -> list[tuple[object, ...]]:
    return [
        (s.event.event_id, s.event.situation, s.event.severity, s.event.headline, s.evidence)
        if isinstance(s, Raised | Grew)
        else (s.event_id, s.situation)
        for s in signals
    ]


minutes = st.lists(
    st.tuples(st.integers(0, 150), st.sampled_from([0, 10, 65, 85, 100]), st.booleans()),
    min_size=1,
    max_size=50,
)


@given(minutes, st.integers(1, 9))
def test_any_batching_tells_the_same(rows, batch):
    arrivals = [arrival(i, m, risk=r, negative=n) for i, (m, r, n) in enumerate(rows)]
    assert shape(judged(arrivals, batch=batch)) == shape(judged(arrivals))


@given(minutes)
def test_a_situation_is_raised_once_and_its_steps_count_up(rows):
    signals = judged([arrival(i, m, risk=r, negative=n) for i, (m, r, n) in enumerate(rows)])
    raised = [s.event.alert_id for s in signals if isinstance(s, Raised)]
    assert len(raised) == len(set(raised))
    for alert_id in raised:
        steps = [s.event.step for s in signals if isinstance(s, Grew) and s.event.alert_id == alert_id]
        assert steps == list(range(1, len(steps) + 1))
        ranks = [
            s.event.severity.rank
            for s in signals
            if isinstance(s, Raised | Grew) and s.event.alert_id == alert_id
        ]
        assert ranks == sorted(ranks)


def test_hits_join_the_open_situation_until_it_has_been_quiet():
    danger = RULES[:1]
    joined = judged([arrival(1, 0, risk=90), arrival(2, 39, risk=90)], rules=danger)
    assert [type(s).__name__ for s in joined] == ["Raised", "Grew"]
    apart = judged([arrival(1, 0, risk=90), arrival(2, 41, risk=90)], rules=danger)
    assert [type(s).__name__ for s in apart] == ["Raised", "AlertSubsided", "Raised"]


def test_equal_keys_are_one_situation_and_others_are_not():
    signals = judged(
        [arrival(1, 50, risk=60), arrival(2, 59, risk=60), arrival(3, 61, risk=60)], rules=RULES[3:]
    )
    assert [s.event.dedup_key for s in signals if isinstance(s, Raised)] == ["lumea:23", "lumea:0"]


def test_it_grows_at_twice_at_another_risk_step_and_not_in_between():
    danger = RULES[:1]
    signals = judged([arrival(n, n, risk=85) for n in range(9)], rules=danger)
    assert [s.event.situation.mentions for s in signals] == [1, 2, 4, 8]
    riskier = judged([arrival(n, n, risk=r) for n, r in enumerate([61, 61, 61, 81, 82])], rules=RULES[3:])
    assert [s.event.situation.mentions for s in riskier] == [1, 2, 4]
    assert riskier[-1].event.situation.max_risk == 81


def test_a_burst_that_arrives_late_and_in_any_order_is_seen():
    times = [2.9, 0.2, 1.5]
    late = [arrival(99, 9.5), *(arrival(n, minute) for n, minute in enumerate(times))]
    [raised] = [s for s in judged(late, rules=RULES[2:3]) if isinstance(s, Raised)]
    assert raised.event.situation.mentions == 3
    assert raised.event.began_at == START + timedelta(minutes=0.2)


def test_what_is_later_than_lateness_fires_no_window_but_a_single_post_does():
    late = [arrival(99, 60), *(arrival(n, 49, risk=85) for n in range(6))]
    assert {s.event.rule.id for s in judged(late) if isinstance(s, Raised)} == {"danger", "per-hour"}


def test_a_long_key_is_shortened_and_stays_itself():
    rules = [ready("text", when="true", dedup_key="text + text + text + text + text + text + text + text + text + text + "
        "text + text + text + text + text + text + text + text")]  # fmt: skip
    signals = judged([arrival(1, 0), arrival(2, 1), arrival(1, 2, revision=1)], rules=rules)
    keys = [s.event.dedup_key for s in signals if isinstance(s, Raised)]
    assert len(keys) == len(set(keys)) == 2
    assert all(len(key) < 200 for key in keys)


@pytest.mark.parametrize(
    ("hours_late", "ending"),
    [(0.1, "»"), (6, "(a commencé il y a 6 h)"), (0.5, "(a commencé il y a 30 min)")],
)
def test_a_headline_says_when_it_began_if_that_is_news(hours_late, ending):
    now = START + timedelta(hours=hours_late)
    [raised] = judged([arrival(1, 0, risk=90)], rules=RULES[:1], now=now)
    assert raised.event.headline.endswith(ending)
