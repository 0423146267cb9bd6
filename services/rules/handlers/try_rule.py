"""Try a draft of a rule on mentions, without storing or raising anything."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from services.contracts.events import AlertSubsided, MentionFound
from services.contracts.values import Reference, Severity
from services.kit.database import Transaction
from services.rules.domain.arrival import Arrival, BrandState, ReadyRule
from services.rules.domain.assessment import Assessment, Assessor
from services.rules.domain.condition import compile_rule
from services.rules.domain.evaluation import Evaluation, Look
from services.rules.domain.history import History, slot_of
from services.rules.domain.rule import Rule
from services.rules.store import mentions
from services.rules.store.coverage import TeamClocks
from services.rules.views import Filter, list_mentions

_DRAFT = "draft"
_NEVER_STALE = timedelta(days=36500)


@dataclass(frozen=True, slots=True)
class Trial:
    """What a draft said of one mention.

    Attributes:
        arrival: The mention and its assessment.
        looks: Each time the draft was looked at: its variables, and its result or why there is none.
        signal: `raised`, `grew` or None: what would have been told.
        severity: Of what would have been told.
        headline: Likewise.
    """

    arrival: Arrival
    looks: tuple[Look, ...]
    signal: Literal["raised", "grew"] | None
    severity: Severity | None
    headline: str | None


@dataclass(frozen=True)
class TryRule:
    """Judges mentions in order of event time, from an empty beginning, each seen when it was published."""

    assessor: Assessor
    clocks: TeamClocks
    tongue: Literal["fr", "en"]

    async def on_mentions(self, tx: Transaction, rule: Rule, found: Sequence[MentionFound]) -> list[Trial]:
        """Try on mentions that somebody wrote down.

        Raises:
            InvalidError: The draft does not compile.
        """
        ready = _ready(rule)
        assessments = await asyncio.to_thread(self.assessor.assess, found)
        arrivals = [
            Arrival(mention, assessment, mention.event_time)
            for mention, assessment in zip(found, assessments, strict=True)
        ]
        return await self._try(tx, ready, arrivals, {})

    async def on_brand(self, tx: Transaction, rule: Rule, brand: str, *, last: int) -> list[Trial]:
        """Try on the newest `last` mentions of a brand, with its real history.

        Raises:
            InvalidError: The draft does not compile.
        """
        ready = _ready(rule)
        stored = await list_mentions(tx, Filter(brand=brand), limit=last)
        arrivals = [
            Arrival(
                each.mention,
                Assessment(
                    each.language,
                    each.sentiment,
                    each.confidence,
                    each.risk,
                    tuple(each.topics),
                    tuple(each.reasons),
                    each.model,
                ),
                each.event_at,
            )
            for each in reversed(stored)
        ]
        counts = {}
        if (minutes := rule.window_minutes) is not None:
            slots = {(brand, slot_of(arrival.event_at), minutes) for arrival in arrivals}
            counts = (await mentions.past_counts(tx, slots)).get(brand, {})
        return await self._try(tx, ready, arrivals, counts)

    async def _try(
        self,
        tx: Transaction,
        ready: ReadyRule,
        arrivals: Sequence[Arrival],
        counts: Mapping[tuple[datetime, int], Sequence[int]],
    ) -> list[Trial]:
        if not arrivals:
            return []
        arrivals = sorted(arrivals, key=lambda arrival: arrival.event_at)
        brand = arrivals[0].mention.brand
        clock = (await self.clocks.of(tx, [brand]))[brand]
        since = arrivals[0].event_at - timedelta(days=8) if counts else None
        evaluation = Evaluation(
            BrandState(brand),
            [ready],
            history=History(counts, since, closed=bool(counts)),
            clock=clock,
            now=arrivals[-1].event_at,
            tongue=self.tongue,
            stale_after=_NEVER_STALE,
            look=True,
        )
        return await asyncio.to_thread(lambda: [_trial(evaluation, arrival) for arrival in arrivals])


def _ready(rule: Rule) -> ReadyRule:
    return ReadyRule(Reference(id=_DRAFT, name=rule.name), rule, compile_rule(rule))


def _trial(evaluation: Evaluation, arrival: Arrival) -> Trial:
    seen, told = len(evaluation.looks), len(evaluation.signals)
    evaluation.now = arrival.event_at
    evaluation.take(arrival)
    looks = tuple(evaluation.looks[seen:])
    drafts = [signal for signal in evaluation.signals[told:] if not isinstance(signal, AlertSubsided)]
    if not drafts:
        return Trial(arrival, looks, None, None, None)
    event = drafts[-1].event
    return Trial(
        arrival, looks, "raised" if event.type == "alert-raised" else "grew", event.severity, event.headline
    )


def shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """Variables as an answer shows them: by name, decimals to four places."""
    return {
        name: round(value, 4) if isinstance(value, float) else value for name, value in sorted(values.items())
    }
