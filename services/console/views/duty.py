"""Who is there, who would be woken, and who comes next: read once a page, asked for each brand and alert."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.contracts.coverage import CoverageSpec
from services.contracts.errors import InvalidError
from services.kit.database import Transaction
from services.notify.domain.policy import NamedPolicy, Target, TargetKind, general_policy, own_policy
from services.notify.domain.responder import Language
from services.notify.domain.run import Phase, Run
from services.notify.domain.schedule import Schedule, shift_at
from services.notify.store.coverages import COVERAGES, calendar_of
from services.notify.store.policies import all_policies
from services.notify.store.responders import KnownResponder, known_responders
from services.notify.store.schedules import SCHEDULES

_INSTANT = timedelta(microseconds=1)

PresenceCode = Literal["on_duty", "off_duty", "no_coverage", "coverage_unreadable"]
NextCode = Literal[
    "next_people", "next_team", "next_fallback", "next_reminder", "next_handover", "next_nothing"
]


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether a brand's team is there.

    Attributes:
        why: The calendar's own words; empty without one.
        since: Since when the team is away; None while it is there, or if that is not within 400 days.
        until: When that changes; None if it does not within 400 days.
    """

    code: PresenceCode
    why: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def on_duty(self) -> bool:
        """Whether it counts as there: in doubt it does not."""
        return self.code == "on_duty"


@dataclass(frozen=True, slots=True)
class Turn:
    """Whom a policy's target means.

    Attributes:
        name: The person; None when nobody has that turn.
        schedule: Whose turn it is by, if by one.
        until: When the turn ends; None for a person who is named directly.
        reachable: Whether a page could leave.
    """

    name: str | None
    schedule: str | None = None
    until: datetime | None = None
    reachable: bool = True


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who would be woken for a brand.

    Attributes:
        policy: By which policy; None when none applies, and then nobody is.
        first: Who is paged at once.
        then: Who else, if they do not answer, by name.
        reached: Whether a page could leave for any of them.
    """

    policy: str | None
    first: tuple[Turn, ...] = ()
    then: tuple[str, ...] = ()
    reached: bool = False


@dataclass(frozen=True, slots=True)
class Next:
    """What happens next by itself if nobody answers, when, and to whom."""

    code: NextCode
    at: datetime | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DutyBook:
    """Coverages, policies, schedules and names, as they are now.

    Attributes:
        zone: IANA zone of brands without a coverage.
    """

    language: Language
    zone: str
    specs: Mapping[str, CoverageSpec]
    policies: Sequence[NamedPolicy]
    schedules: Mapping[str, Schedule]
    people: Mapping[str, KnownResponder]

    @classmethod
    async def read(cls, tx: Transaction, *, language: Language, zone: str) -> DutyBook:
        """The book, in four round trips whatever there is in it."""
        return cls(
            language=language,
            zone=zone,
            specs={one.id: one.doc for one in await COVERAGES.all(tx)},
            policies=await all_policies(tx),
            schedules={one.id: one.doc for one in await SCHEDULES.all(tx)},
            people=await known_responders(tx),
        )

    def zone_of(self, brand: str) -> str:
        """The zone in which this brand's people are told the time."""
        spec = self.specs.get(brand)
        return self.zone if spec is None else spec.zone

    def presence(self, brand: str, at: datetime) -> Presence:
        """Whether the team is there, and why."""
        spec = self.specs.get(brand)
        if spec is None:
            return Presence("no_coverage")
        try:
            calendar = calendar_of(spec, self.language)
        except InvalidError as error:
            return Presence("coverage_unreadable", why=str(error))
        duty = calendar.at(at)
        if duty.on_duty:
            return Presence("on_duty", duty.text, None, duty.until)
        # A team that leaves at this very instant has left.
        return Presence("off_duty", duty.text, calendar.previous_end(at + _INSTANT), duty.until)

    def on_call(self, brand: str, at: datetime) -> OnCall:
        """Who would be woken at `at` for an alert that asks for no policy of its own."""
        policy = own_policy(self.policies, brand) or general_policy(self.policies)
        if policy is None:
            return OnCall(None)
        first, *later = [tuple(self._turns(step.targets, at)) for step in policy.doc.steps]
        already = {turn.name for turn in first}
        then = dict.fromkeys(
            turn.name for turns in later for turn in turns if turn.name and turn.name not in already
        )
        reached = any(turn.reachable for turns in (first, *later) for turn in turns)
        return OnCall(policy.doc.name, first, tuple(then), reached)

    def next_of(self, run: Run | None) -> Next:
        """What comes next for an alert that nobody has taken."""
        if run is None or run.phase is Phase.STOPPED:
            return Next("next_handover")
        if run.phase is Phase.HELD:
            return Next("next_team", run.next_due_at)
        if run.phase is Phase.EXHAUSTED:
            return Next("next_reminder" if run.next_due_at else "next_nothing", run.next_due_at)
        if run.current is None or run.next_due_at is None:
            return Next("next_fallback", run.next_due_at)
        turns = self._turns(run.current.targets, run.next_due_at)
        names = tuple(dict.fromkeys(turn.name for turn in turns if turn.name))
        return Next("next_people" if names else "next_fallback", run.next_due_at, names)

    def _turns(self, targets: Sequence[Target], at: datetime) -> Iterator[Turn]:
        for target in targets:
            if target.kind is TargetKind.RESPONDER:
                yield self._turn(target.id)
                continue
            schedule = self.schedules.get(target.id)
            shift = None if schedule is None else shift_at(schedule, at)
            shown = target.id if schedule is None else schedule.name
            if shift is None:
                yield Turn(None, shown, reachable=False)
            else:
                yield self._turn(shift.responder, shown, shift.end)

    def _turn(self, responder: str, schedule: str | None = None, until: datetime | None = None) -> Turn:
        known = self.people.get(responder)
        if known is None:
            return Turn(responder, schedule, until, reachable=False)
        return Turn(known.name, schedule, until, known.reachable)
