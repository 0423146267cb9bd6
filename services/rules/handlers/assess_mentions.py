"""A batch of found mentions becomes assessments, windows move, rules fire: in one transaction, set by set."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeVar
from uuid import UUID

from services.contracts.events import AlertSubsided, Event, MentionFound
from services.contracts.values import EvidenceMention
from services.kit import outbox
from services.kit.clock import Clock
from services.kit.database import Transaction
from services.rules.domain.arrival import Arrival, BrandState, Fault, ReadyRule
from services.rules.domain.assessment import Assessment, Assessor
from services.rules.domain.episode import LATENESS, Signal
from services.rules.domain.evaluation import Evaluation
from services.rules.domain.history import History, slot_of
from services.rules.store import batch, brands, episodes, mentions
from services.rules.store.brands import Standing, Turns
from services.rules.store.coverage import TeamClocks
from services.rules.store.mentions import Known
from services.rules.store.recollection import Recollection
from services.rules.store.rulebook import RuleBook, note_faults

Tongue = Literal["fr", "en"]
T = TypeVar("T")

_FEW = 8
"""Mentions under which a batch is worked out on the spot, in a millisecond or two; a thread costs as much as one."""


@dataclass(frozen=True)
class AssessMentions:
    """Assesses mentions, stores them, tells `MentionAssessed`, and raises what rules find.

    Statements per batch are constant, whatever the number of mentions; assessing and evaluating many runs in a thread,
    so that the event loop goes on.

    Attributes:
        assessor: The model.
        rulebook: The rules in force.
        clocks: The wall clock and duty hours of brands.
        clock: Business time.
        tongue: Of headlines and reasons.
        stale_after: A mention older than this when it is seen raises nothing by itself.
        recollection: What is remembered of brands between batches.
    """

    assessor: Assessor
    rulebook: RuleBook
    clocks: TeamClocks
    clock: Clock
    tongue: Tongue
    stale_after: timedelta
    recollection: Recollection = field(default_factory=Recollection)

    async def __call__(self, tx: Transaction, found: Sequence[MentionFound]) -> None:
        """Handle `found`, in the order of the bus. A revision that is not newer than what is stored is ignored."""
        if not found:
            return
        now = self.clock.now()
        ids = {mention.mention_id for mention in found}
        turns = await brands.take_turns(tx, {mention.brand for mention in found}, mentions=ids)
        current = self.recollection.holds(turns.of)
        known = turns.known if current else await mentions.known_revisions(tx, ids)
        fresh = _newer(found, known)
        if not fresh:
            return
        arrivals = _arrivals(fresh, await _aside(fresh, lambda: self.assessor.assess(fresh)), known)
        evaluations = await self._evaluations(tx, arrivals, turns, now)
        await _aside(arrivals, lambda: _take_all(evaluations, arrivals))
        await self._save(tx, arrivals, evaluations, now)

    async def _evaluations(
        self, tx: Transaction, arrivals: Sequence[Arrival], taken: Turns, now: datetime
    ) -> dict[str, Evaluation]:
        turns = {name: taken.of[name] for name in dict.fromkeys(each.mention.brand for each in arrivals)}
        rules = await self.rulebook.rules(tx, stamp=taken.stamp)
        watching = {name: [ready for ready in rules if ready.rule.watches(name)] for name in turns}
        lengths = {name: _lengths(watching[name]) for name in turns}
        states = await self.recollection.recall(
            tx, turns, {name: _longest(each) for name, each in lengths.items()}
        )
        slots = _slots(arrivals, states, lengths)
        for name, counts in (await mentions.past_counts(tx, slots)).items():
            states[name].counts |= counts
        clocks = await self.clocks.at(tx, {name: turn.coverage for name, turn in turns.items()})
        return {
            name: Evaluation(
                states[name],
                watching[name],
                history=History(states[name].counts, turn.standing.since),
                clock=clocks[name],
                now=now,
                tongue=self.tongue,
                stale_after=self.stale_after,
            )
            for name, turn in turns.items()
        }

    async def _save(
        self,
        tx: Transaction,
        arrivals: Sequence[Arrival],
        evaluations: Mapping[str, Evaluation],
        now: datetime,
    ) -> None:
        done = evaluations.values()
        fired = {mention_id: rules for each in done for mention_id, rules in each.fired.items()}
        newest = {arrival.mention.mention_id: arrival for arrival in arrivals}
        standings = {n: Standing(each.state.watermark, each.history.since) for n, each in evaluations.items()}
        versions = await batch.save(tx, list(newest.values()), fired, standings, at=now)
        closed = [e for each in done for e in each.touched.values() if e.alert_id in each.closed]
        still_open = [e for each in done for e in each.touched.values() if e.alert_id not in each.closed]
        await episodes.save(tx, closed, still_open, at=now)
        await note_faults(tx, _faults(done), at=now)
        events: list[Event] = [arrival.assessment.of(arrival.mention) for arrival in arrivals]
        events += await _told(tx, [signal for each in done for signal in each.signals])
        await outbox.write(tx, "rules", events, occurred_at=now)
        for name, each in evaluations.items():
            length = _longest(each.state.windows)
            self.recollection.keep(each.state, each.history, version=versions[name], length=length)


async def _aside(work: Sequence[object], do: Callable[[], T]) -> T:
    """The result of `do`, from a thread where there is enough work for the event loop to notice."""
    return do() if len(work) < _FEW else await asyncio.to_thread(do)


def _newer(found: Iterable[MentionFound], known: Mapping[UUID, Known]) -> list[MentionFound]:
    """Those that say something new: a first revision, or a higher one than any before, stored or in the batch."""
    highest = {mention_id: each.revision for mention_id, each in known.items()}
    fresh = []
    for mention in found:
        if mention.revision > highest.get(mention.mention_id, -1):
            highest[mention.mention_id] = mention.revision
            fresh.append(mention)
    return fresh


def _arrivals(
    fresh: Sequence[MentionFound], assessments: Sequence[Assessment], known: Mapping[UUID, Known]
) -> list[Arrival]:
    event_times = {mention_id: each.event_at for mention_id, each in known.items()}
    arrivals = []
    for mention, assessment in zip(fresh, assessments, strict=True):
        before = known.get(mention.mention_id)
        event_at = event_times.setdefault(mention.mention_id, mention.event_time)
        fired = before.fired if before else frozenset[str]()
        arrivals.append(Arrival(mention, assessment, event_at, known=before is not None, fired=fired))
    return arrivals


def _lengths(rules: Iterable[ReadyRule]) -> set[int]:
    return {ready.rule.window_minutes for ready in rules if ready.rule.window_minutes is not None}


def _longest(lengths: Iterable[int]) -> timedelta:
    return timedelta(minutes=max(lengths, default=0))


def _slots(
    arrivals: Iterable[Arrival], states: Mapping[str, BrandState], lengths: Mapping[str, set[int]]
) -> set[tuple[str, datetime, int]]:
    """Every (brand, slot, window minutes), not counted yet, at which the batch may look: see `Evaluation.take`."""
    marks = {brand: state.watermark for brand, state in states.items()}
    ends: set[tuple[str, datetime]] = set()
    for arrival in arrivals:
        brand, mark = arrival.mention.brand, marks[arrival.mention.brand]
        mark = marks[brand] = arrival.event_at if mark is None else max(mark, arrival.event_at)
        if arrival.event_at >= mark - LATENESS:
            # Lateness is one slot long: none lies between.
            ends |= {(brand, slot_of(arrival.event_at)), (brand, slot_of(mark))}
    return {
        (brand, slot, minutes)
        for brand, slot in ends
        for minutes in lengths[brand]
        if (slot, minutes) not in states[brand].counts
    }


def _take_all(evaluations: Mapping[str, Evaluation], arrivals: Iterable[Arrival]) -> None:
    for arrival in arrivals:
        evaluations[arrival.mention.brand].take(arrival)


def _faults(evaluations: Iterable[Evaluation]) -> dict[str, Fault]:
    merged: dict[str, Fault] = {}
    for evaluation in evaluations:
        for rule, fault in evaluation.faults.items():
            before = merged.get(rule)
            merged[rule] = Fault(fault.count + (before.count if before else 0), fault.error, fault.mention_id)
    return merged


async def _told(tx: Transaction, signals: Sequence[Signal]) -> list[Event]:
    """The events of `signals`, with the mentions that they show; all of them are stored by now."""
    wanted = {i for signal in signals if not isinstance(signal, AlertSubsided) for i in signal.evidence}
    shown = await mentions.evidence_of(tx, wanted)

    def evidence(ids: Iterable[UUID]) -> tuple[EvidenceMention, ...]:
        return tuple(shown[i] for i in ids if i in shown)

    return [
        signal if isinstance(signal, AlertSubsided) else signal.with_mentions(evidence(signal.evidence))
        for signal in signals
    ]
