"""A batch of found mentions becomes assessments, windows move, rules fire: in one transaction, set by set."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.contracts.events import AlertSubsided, Event, MentionFound
from services.contracts.values import EvidenceMention
from services.kit import outbox
from services.kit.clock import Clock
from services.kit.database import Transaction
from services.rules.domain.arrival import Arrival, BrandState, Fault, ReadyRule
from services.rules.domain.assessment import Assessment, Assessor
from services.rules.domain.episode import LATENESS, Episode, Signal
from services.rules.domain.evaluation import Evaluation
from services.rules.domain.history import History, slot_of
from services.rules.domain.window import Tail
from services.rules.store import brands, episodes, mentions
from services.rules.store.brands import Standing
from services.rules.store.coverage import TeamClocks
from services.rules.store.mentions import Known
from services.rules.store.rulebook import RuleBook, note_faults

Tongue = Literal["fr", "en"]


@dataclass(frozen=True)
class AssessMentions:
    """Assesses mentions, stores them, tells `MentionAssessed`, and raises what rules find.

    Statements per batch are constant, whatever the number of mentions; assessing and evaluating run in a thread, so
    that the event loop goes on.

    Attributes:
        assessor: The model.
        rulebook: The rules in force.
        clocks: The wall clock and duty hours of brands.
        clock: Business time.
        tongue: Of headlines and reasons.
        stale_after: A mention older than this when it is seen raises nothing by itself.
    """

    assessor: Assessor
    rulebook: RuleBook
    clocks: TeamClocks
    clock: Clock
    tongue: Tongue
    stale_after: timedelta

    async def __call__(self, tx: Transaction, found: Sequence[MentionFound]) -> None:
        """Handle `found`, in the order of the bus. A revision that is not newer than what is stored is ignored."""
        if not found:
            return
        now = self.clock.now()
        standings = await brands.take_turns(tx, {mention.brand for mention in found})
        known = await mentions.known_revisions(tx, {mention.mention_id for mention in found})
        fresh = _newer(found, known)
        if not fresh:
            return
        assessments = await asyncio.to_thread(self.assessor.assess, fresh)
        arrivals = _arrivals(fresh, assessments, known)
        evaluations = await self._evaluations(tx, arrivals, standings, now)
        await asyncio.to_thread(_take_all, evaluations, arrivals)
        await self._save(tx, arrivals, evaluations, now)

    async def _evaluations(
        self, tx: Transaction, arrivals: Sequence[Arrival], standings: Mapping[str, Standing], now: datetime
    ) -> dict[str, Evaluation]:
        names = list(dict.fromkeys(arrival.mention.brand for arrival in arrivals))
        rules = await self.rulebook.rules(tx)
        watching = {name: [ready for ready in rules if ready.rule.watches(name)] for name in names}
        lengths = {name: _lengths(watching[name]) for name in names}
        marks = {
            name: mark - LATENESS - timedelta(minutes=max(lengths[name], default=0))
            for name in names
            if (mark := standings[name].watermark) is not None
        }
        entries = await mentions.recent_entries(tx, marks) if marks else {}
        counts = await mentions.past_counts(tx, _slots(arrivals, standings, lengths))
        clocks = await self.clocks.of(tx, names)
        standing_episodes: dict[str, dict[tuple[str, str], Episode]] = defaultdict(dict)
        for episode in await episodes.open_episodes(tx, names):
            standing_episodes[episode.brand][episode.rule.id, episode.dedup_key] = episode
        return {
            name: Evaluation(
                BrandState(
                    name, standings[name].watermark, Tail(entries.get(name, ())), standing_episodes[name]
                ),
                watching[name],
                history=History(counts.get(name, {}), standings[name].since),
                clock=clocks[name],
                now=now,
                tongue=self.tongue,
                stale_after=self.stale_after,
            )
            for name in names
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
        await mentions.save(tx, list(newest.values()), fired, at=now)
        await brands.save(
            tx,
            {name: Standing(each.state.watermark, each.history.since) for name, each in evaluations.items()},
        )
        closed = [e for each in done for e in each.touched.values() if e.alert_id in each.closed]
        still_open = [e for each in done for e in each.touched.values() if e.alert_id not in each.closed]
        await episodes.save(tx, closed, still_open, at=now)
        await note_faults(tx, _faults(done), at=now)
        events: list[Event] = [arrival.assessment.of(arrival.mention) for arrival in arrivals]
        events += await _told(tx, [signal for each in done for signal in each.signals])
        await outbox.write(tx, "rules", events, occurred_at=now)


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


def _slots(
    arrivals: Iterable[Arrival], standings: Mapping[str, Standing], lengths: Mapping[str, set[int]]
) -> set[tuple[str, datetime, int]]:
    """Every (brand, slot, window minutes) at which the batch may look at a window: see `Evaluation.take`."""
    marks = {brand: standing.watermark for brand, standing in standings.items()}
    wanted: set[tuple[str, datetime, int]] = set()
    for arrival in arrivals:
        brand, mark = arrival.mention.brand, marks[arrival.mention.brand]
        mark = marks[brand] = arrival.event_at if mark is None else max(mark, arrival.event_at)
        if arrival.event_at >= mark - LATENESS:
            ends = {slot_of(arrival.event_at), slot_of(mark)}  # lateness is one slot long: none lies between
            wanted |= {(brand, end, minutes) for end in ends for minutes in lengths[brand]}
    return wanted


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
