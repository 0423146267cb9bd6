"""An alert's life: who answers first, what a growth reopens, what a verdict ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.contracts.errors import ConflictError
from services.contracts.values import Severity, Situation
from services.notify.domain.alert import Alert, AlertState, Verdict

NIGHT = datetime(2026, 3, 7, 22, 10, tzinfo=UTC)
CALM = Situation(mentions=3, authors=3, negative_share=0.5, reach=10, max_risk=40)
STORM = Situation(mentions=80, authors=70, negative_share=0.9, reach=90_000, max_risk=95)


def alert(severity: Severity = Severity.WARNING) -> Alert:
    return Alert(
        id=UUID(int=1),
        brand="lumen",
        brand_name="Lumen",
        origin="rule",
        severity=severity,
        dedup_key="lumen",
        headline="Ça monte",
        state=AlertState.OPEN,
        off_hours=True,
        began_at=NIGHT,
        raised_at=NIGHT,
        situation=CALM,
    )


def grow(before: Alert, step: int, severity: Severity) -> Alert:
    return before.grown(step=step, severity=severity, headline="Pire", at=NIGHT, situation=STORM, mentions=())


def test_the_first_to_take_it_has_it() -> None:
    taken = alert().acknowledged(by="alice", at=NIGHT)
    again = taken.acknowledged(by="bruno", at=NIGHT + timedelta(minutes=1))
    assert again is taken
    assert (taken.acknowledged_by, taken.state, taken.unanswered) == ("alice", AlertState.ACKNOWLEDGED, False)


def test_a_verdict_is_given_once() -> None:
    over = alert().resolved(by="alice", at=NIGHT, verdict=Verdict.FALSE_ALARM, note="une homonyme")
    assert (over.state, over.verdict, over.note) == (AlertState.RESOLVED, Verdict.FALSE_ALARM, "une homonyme")
    with pytest.raises(ConflictError, match="alice"):
        over.resolved(by="bruno", at=NIGHT, verdict=Verdict.REAL, note=None)


def test_a_resolved_alert_cannot_be_taken() -> None:
    over = alert().resolved(by="alice", at=NIGHT, verdict=Verdict.REAL, note=None)
    assert over.acknowledged(by="bruno", at=NIGHT) is over


def test_an_old_growth_changes_nothing() -> None:
    grown = grow(alert(), 2, Severity.CRITICAL)
    assert grow(grown, 1, Severity.CRITICAL) is grown
    assert grow(grown, 2, Severity.CRITICAL) is grown


@pytest.mark.parametrize(
    ("state", "severity", "expected"),
    [
        ("open", Severity.CRITICAL, AlertState.OPEN),
        ("acknowledged", Severity.WARNING, AlertState.ACKNOWLEDGED),
        ("acknowledged", Severity.CRITICAL, AlertState.OPEN),
        ("resolved", Severity.WARNING, AlertState.RESOLVED),
        ("resolved", Severity.CRITICAL, AlertState.OPEN),
    ],
)
def test_only_a_higher_severity_reopens(state: str, severity: Severity, expected: AlertState) -> None:
    before = alert()
    if state == "acknowledged":
        before = before.acknowledged(by="alice", at=NIGHT)
    elif state == "resolved":
        before = before.resolved(by="alice", at=NIGHT, verdict=Verdict.REAL, note=None)
    after = grow(before, 1, severity)
    assert (after.state, after.situation) == (expected, STORM)
    if expected is AlertState.OPEN:
        answers = (
            after.acknowledged_by,
            after.acknowledged_at,
            after.resolved_by,
            after.resolved_at,
            after.verdict,
        )
        assert answers == (None,) * 5


def test_the_severity_never_falls_back() -> None:
    assert grow(alert(Severity.CRITICAL), 1, Severity.INFO).severity is Severity.CRITICAL


def test_an_all_clear_ends_with_the_next_growth() -> None:
    calm = alert().subsided(at=NIGHT, situation=CALM)
    assert (calm.subsided_at, calm.state) == (NIGHT, AlertState.OPEN)
    assert grow(calm, 1, Severity.WARNING).subsided_at is None
