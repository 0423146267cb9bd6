"""An escalation, step by step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notify.domain.policy import NamedPolicy, Policy
from services.notify.domain.run import Phase, Run

ALERT = UUID(int=1)
NIGHT = datetime(2026, 3, 7, 22, 10, tzinfo=UTC)


def policy(*waits: int, **fields: object) -> NamedPolicy:
    steps = [{"after_minutes": wait, "targets": [{"kind": "responder", "id": "alice"}]} for wait in waits]
    doc = {"name": "Nuit", "steps": steps, "repeats": 1, "answer_minutes": 15, "remind_minutes": 30, **fields}
    return NamedPolicy(id="night", version=1, doc=Policy.model_validate(doc))


def minutes(run: Run) -> float | None:
    return None if run.next_due_at is None else (run.next_due_at - NIGHT) / timedelta(minutes=1)


def test_two_rounds_then_the_fallback_then_reminders() -> None:
    run = Run.new(ALERT).started(policy(0, 10), NIGHT)
    seen = []
    for _ in range(7):
        assert run.next_due_at is not None
        seen.append((minutes(run), run.phase.value, run.round, run.step))
        at = run.next_due_at
        if run.phase is Phase.EXHAUSTED or run.current is None:
            run = run.exhausted(at)
        else:
            run = run.stepped(at, reached=True)
    assert seen == [
        (0, "escalating", 0, 0),
        (10, "escalating", 0, 1),
        (25, "escalating", 1, 0),  # 15 minutes to answer, then the second round
        (35, "escalating", 1, 1),
        (50, "escalating", 1, 2),  # nobody answered: the fallback
        (80, "exhausted", 2, 0),
        (110, "exhausted", 3, 0),
    ]


def test_a_late_step_leaves_the_next_one_its_time() -> None:
    run = Run.new(ALERT).started(policy(0, 10), NIGHT).stepped(NIGHT + timedelta(minutes=40), reached=True)
    assert minutes(run) == 50


def test_nobody_reached_is_nobody_to_wait_for() -> None:
    run = Run.new(ALERT).started(policy(0, 10, 10), NIGHT).stepped(NIGHT, reached=False)
    assert (run.step, minutes(run)) == (1, 0)


def test_a_round_without_anybody_still_ends_with_a_wait() -> None:
    """Else a policy of empty slots would spin through its rounds at one instant."""
    run = Run.new(ALERT).started(policy(0), NIGHT).stepped(NIGHT, reached=False)
    assert (run.round, run.step, minutes(run)) == (1, 0, 15)


def test_no_reminders_when_the_policy_wants_none() -> None:
    run = Run.new(ALERT).started(policy(0, remind_minutes=0), NIGHT).exhausted(NIGHT)
    assert (run.phase, run.next_due_at) == (Phase.EXHAUSTED, None)


def test_without_a_policy_the_fallback_is_reminded() -> None:
    run = Run.new(ALERT).exhausted(NIGHT)
    assert (run.phase, minutes(run)) == (Phase.EXHAUSTED, 30)
    with pytest.raises(ValueError, match="without a policy"):
        run.stepped(NIGHT, reached=True)


def test_stopped_is_never_due() -> None:
    run = Run.new(ALERT).started(policy(0), NIGHT).stopped()
    assert (run.phase, run.next_due_at) == (Phase.STOPPED, None)


_MOVES = st.lists(st.sampled_from(["start", "step", "unreached", "hold", "stop"]), max_size=40)


@settings(max_examples=200, deadline=None)
@given(waits=st.lists(st.integers(0, 30), min_size=1, max_size=4), repeats=st.integers(0, 3), moves=_MOVES)
def test_no_place_is_paged_from_twice(waits: list[int], repeats: int, moves: list[str]) -> None:
    """Page ids are made of alert, round, step and person: a place that came again would swallow a page."""
    chosen = policy(*waits, repeats=repeats)
    run, at = Run.new(ALERT), NIGHT
    paged: list[tuple[int, int]] = []
    for move in moves:
        at += timedelta(minutes=1)
        if move == "start":
            run = run.started(chosen, at)
        elif move == "hold":
            run = run.held(at)
        elif move == "stop":
            run = run.stopped()
        elif run.phase is Phase.EXHAUSTED or (run.phase is Phase.ESCALATING and run.current is None):
            if run.phase is Phase.EXHAUSTED:
                paged.append((run.round, 0))
            run = run.exhausted(at)
        elif run.phase is Phase.ESCALATING:
            paged.append((run.round, run.step))
            run = run.stepped(at, reached=move == "step")
    assert len(paged) == len(set(paged))
