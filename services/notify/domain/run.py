"""The escalation of one alert: which step comes next, and when."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.contracts.values import Instant, Value
from services.notify.domain.policy import NamedPolicy, Step

REMIND_MINUTES = 30
"""How often the fallback is paged again when there is no policy to say so."""

NEVER_PAGED = -1
"""The round of a run that has not paged anybody yet."""


class Phase(StrEnum):
    """What an escalation is doing."""

    HELD = "held"
    ESCALATING = "escalating"
    EXHAUSTED = "exhausted"
    STOPPED = "stopped"


class Run(Value):
    """The escalation of an alert.

    Attributes:
        phase: `held` until the team leaves, `escalating` step by step, `exhausted` once the fallback was told,
            `stopped` when somebody answered or nobody is to be woken.
        policy: The snapshot it follows; None when none applied.
        round: Which time through the steps, from 0, never used twice for one alert; -1 before the first.
        step: The step that comes next, from 0; one past the last when only the answer is awaited.
        last_round: The round after which the fallback is told.
        next_due_at: When it acts again; None when it does not by itself.
    """

    alert_id: UUID
    phase: Phase
    policy: NamedPolicy | None = None
    round: int = NEVER_PAGED
    step: int = 0
    last_round: int = NEVER_PAGED
    next_due_at: Instant | None = None

    @classmethod
    def new(cls, alert_id: UUID) -> Run:
        """The run of an alert about which nothing was decided yet."""
        return cls(alert_id=alert_id, phase=Phase.STOPPED)

    @property
    def current(self) -> Step | None:
        """The step that comes next; None when none is left in this round, or there is no policy."""
        if self.policy is None or self.step >= len(self.policy.doc.steps):
            return None
        return self.policy.doc.steps[self.step]

    def held(self, until: datetime | None) -> Run:
        """This run, waiting for the team's window to end; then it is decided again."""
        return self._with(phase=Phase.HELD, next_due_at=until)

    def started(self, policy: NamedPolicy, at: datetime) -> Run:
        """This run, from the first step of `policy`, in a round that nobody was paged in yet."""
        first = self.round + 1
        return self._with(
            phase=Phase.ESCALATING,
            policy=policy,
            round=first,
            step=0,
            last_round=first + policy.doc.repeats,
            next_due_at=at + policy.doc.steps[0].wait,
        )

    def stepped(self, at: datetime, *, reached: bool) -> Run:
        """This run after its current step was carried out at `at`.

        Waits count from when a step really happened, so that after a stop of the service everybody still has the
        time they should have. Where nobody was reached there is nobody to wait for: the next step comes at once.
        """
        if self.policy is None:
            raise ValueError("A run without a policy has no steps.")
        doc, following = self.policy.doc, self.step + 1
        if following < len(doc.steps):
            return self._with(step=following, next_due_at=at + doc.steps[following].wait if reached else at)
        answer = timedelta(minutes=doc.answer_minutes)
        if self.round < self.last_round:
            return self._with(round=self.round + 1, step=0, next_due_at=at + answer + doc.steps[0].wait)
        return self._with(step=following, next_due_at=at + answer)

    def exhausted(self, at: datetime) -> Run:
        """This run after the fallback was told, or everybody reminded: on to the next reminder."""
        minutes = REMIND_MINUTES if self.policy is None else self.policy.doc.remind_minutes
        return self._with(
            phase=Phase.EXHAUSTED,
            round=self.round + 1,
            step=0,
            next_due_at=at + timedelta(minutes=minutes) if minutes else None,
        )

    def stopped(self) -> Run:
        """This run, ended; a worse situation may start it again."""
        return self._with(phase=Phase.STOPPED, next_due_at=None)

    def _with(self, **changes: object) -> Run:
        return self.model_copy(update=changes)
