"""What notify shows to people and programs."""

from __future__ import annotations

from services.contracts.values import Instant, Value
from services.notify.domain.alert import Alert
from services.notify.domain.policy import Target
from services.notify.domain.run import Phase, Run
from services.notify.store.page_counts import CountedPage
from services.notify.store.timeline import TimelineEntry


class AlertView(Alert):
    """An alert as the API shows it, and as an answer to it is confirmed.

    Attributes:
        changed: Whether the request that this answers changed the alert; False when somebody had been faster.
    """

    changed: bool = False

    @classmethod
    def of(cls, alert: Alert, *, changed: bool = False) -> AlertView:
        """The view of an alert."""
        return cls.model_validate({**dict(alert), "changed": changed})


class RunView(Value):
    """What comes next for an alert if nobody answers.

    Attributes:
        phase: `held` until the team leaves, `escalating`, `exhausted` (the fallback was told), or `stopped`.
        policy: The id of the policy it follows, and which version of it.
        round: Which time through its steps, from 1; 0 before the first.
        step: Which step comes next, from 1; one past the last while only an answer is awaited.
        next_due_at: When; null when nothing more happens by itself.
        next_targets: Whom the next step points at.
    """

    phase: Phase
    policy: str | None
    policy_version: int | None
    round: int
    step: int
    next_due_at: Instant | None
    next_targets: tuple[Target, ...]

    @classmethod
    def of(cls, run: Run) -> RunView:
        """The view of a run."""
        active = run.phase is Phase.ESCALATING and run.current is not None
        return cls(
            phase=run.phase,
            policy=run.policy.id if run.policy else None,
            policy_version=run.policy.version if run.policy else None,
            round=run.round + 1,
            step=run.step + 1,
            next_due_at=run.next_due_at,
            next_targets=run.current.targets if active and run.current else (),
        )


class AlertDetail(AlertView):
    """An alert with everything that happened to it, and what comes next."""

    run: RunView | None
    pages: tuple[CountedPage, ...]
    timeline: tuple[TimelineEntry, ...]

    @classmethod
    def with_history(
        cls, alert: Alert, *, run: Run | None, pages: list[CountedPage], timeline: list[TimelineEntry]
    ) -> AlertDetail:
        """The detailed view of an alert."""
        shown = RunView.of(run) if run else None
        return cls.model_validate({**dict(alert), "run": shown, "pages": pages, "timeline": timeline})
