"""Stage: is the team there, or is it off-hours, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.contracts.errors import InvalidError
from services.contracts.values import Reason
from services.notify.domain.phrase import named
from services.notify.pipeline.case import Case


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether the team is there. `until`: when that changes; None when it does not, as far as is known."""

    on_duty: bool
    until: datetime | None
    reason: Reason

    @property
    def must_wait(self) -> bool:
        """Whether the team has its turn first. One that never leaves would have it for ever, so it is paged too."""
        return self.on_duty and self.until is not None


def see_coverage(case: Case) -> Presence:
    """`on_duty`, `off_hours` with the calendar's own reason, `no_coverage`, or `coverage_unreadable`.

    Without a calendar it counts as off-hours: in doubt somebody is paged.
    """
    if isinstance(case.calendar, InvalidError):
        reason = named("coverage_unreadable", case.language, why=str(case.calendar))
        return Presence(on_duty=False, until=None, reason=reason)
    if case.calendar is None:
        return Presence(on_duty=False, until=None, reason=named("no_coverage", case.language))
    duty = case.calendar.at(case.at)
    code = "on_duty" if duty.on_duty else "off_hours"
    return Presence(duty.on_duty, duty.until, named(code, case.language, why=duty.text))
