"""Rules over a brand's mentions, one arrival after another.

The state is a fold over the arrivals in their order on the bus, so a batch of five hundred gives exactly the alerts of five
hundred batches of one. Windows end at the watermark, the newest event time seen; a mention more than ten
minutes behind it counts, but decides nothing about windows any more: it can only fire a rule on single mentions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.contracts.ids import derived
from services.contracts.values import Reason, Severity
from services.rules.domain import episode as episodes
from services.rules.domain import headline, variable
from services.rules.domain.arrival import Arrival, BrandState, Fault, ReadyRule
from services.rules.domain.condition import EvaluationError, Given
from services.rules.domain.episode import LATENESS, Episode, Signal
from services.rules.domain.history import History
from services.rules.domain.window import Figures, Window


@dataclass(frozen=True, slots=True)
class Look:
    """One evaluation of a rule: the variables, whether it held, and why there is no result if it failed."""

    values: variable.Values
    held: bool
    error: str | None


_MINUTE = timedelta(minutes=1)
_KEY_LIMIT = 150  # characters; an index entry of PostgreSQL holds 2,700 bytes


@dataclass(frozen=True, slots=True)
class _Sight:
    """A window at one end, with its figures and what is usual."""

    window: Window
    end: datetime
    figures: Figures
    usual: float | None


class Evaluation:
    """A batch of one brand's arrivals, judged by its rules.

    After `take` of each arrival: `signals` are the decisions in order, `fired` the rules each mention fired, `faults`
    the rules that failed, `touched` the episodes to store (closed ones too), `state.watermark` the newest event time.

    Args:
        state: The brand's, changed in place.
        rules: Those to look at.
        history: For `usual`.
        clock: The brand's wall clock and duty hours.
        now: Business time of the decisions.
        tongue: Of headlines.
        stale_after: A mention older than this when it is seen counts, but fires nothing by itself.
        look: Whether to keep every look at a rule in `looks`, for trials.
    """

    def __init__(
        self,
        state: BrandState,
        rules: Sequence[ReadyRule],
        *,
        history: History,
        clock: variable.TeamClock,
        now: datetime,
        tongue: headline.Tongue,
        stale_after: timedelta,
        look: bool = False,
    ) -> None:
        self.state = state
        self.history, self._clock = history, clock
        self.now, self._tongue, self._stale_after = now, tongue, stale_after
        self._single = [ready for ready in rules if ready.rule.window_minutes is None]
        self._windowed: dict[int, list[ReadyRule]] = defaultdict(list)
        for ready in rules:
            if ready.rule.window_minutes is not None:
                self._windowed[ready.rule.window_minutes].append(ready)
        if state.watermark is not None:
            state.stand(self._windowed, state.watermark)
        self.looks: list[Look] = []
        self._look = look
        self.signals: list[Signal] = []
        self.fired: dict[UUID, set[str]] = defaultdict(set)
        self.faults: dict[str, Fault] = {}
        self.touched: dict[UUID, Episode] = {}
        self.closed: set[UUID] = set()

    def take(self, arrival: Arrival) -> None:
        """Count `arrival`, and look at every rule that it may fire."""
        # Also an earlier revision in this very batch may have fired a rule.
        before = arrival.fired | self.fired.get(arrival.mention.mention_id, set())
        self._count(arrival)
        if self.now - arrival.event_at <= self._stale_after:
            self._judge_mention(arrival, before)
        watermark = self.state.watermark
        assert watermark is not None  # set by _count
        if arrival.event_at < watermark - LATENESS:
            return
        for window in self.state.windows.values():
            for end in _ends(arrival.event_at, watermark, window.length):
                self._judge_window(arrival, window, end)

    def _count(self, arrival: Arrival) -> None:
        entry = arrival.entry()
        replaced = self.state.tail.put(entry)
        if not arrival.known and replaced is None:
            self.history.add(entry.event_at)
        if self.state.watermark is None:
            self.state.watermark = entry.event_at
            self.state.stand(self._windowed, entry.event_at)
            return
        newer = entry.event_at > self.state.watermark
        self.state.watermark = max(self.state.watermark, entry.event_at)
        for window in self.state.windows.values():
            if newer:
                window.advance(entry.event_at)
            else:
                window.note(entry, replaced)

    def _judge_mention(self, arrival: Arrival, before: frozenset[str]) -> None:
        if not self._single:
            return
        values = variable.of_mention(arrival.mention, arrival.assessment, self._clock.at(arrival.event_at))
        given = self._single[0].condition.language.given(values)
        for ready in self._single:
            verdict = self._verdict(ready, given, arrival.mention.mention_id)
            self._keep_look(ready, values, verdict)
            if verdict is not None:
                self._hit_mention(ready, arrival, *verdict, repeated=ready.id in before)

    def _judge_window(self, arrival: Arrival, window: Window, end: datetime) -> None:
        figures = window.figures() if end == window.end else window.figures_at(end)
        sight = _Sight(window, end, figures, self.history.usual(end, window.minutes))
        rules = self._windowed[window.minutes]
        values = variable.of_window(self.state.brand, figures, sight.usual, self._clock.at(end))
        given = rules[0].condition.language.given(values)
        for ready in rules:
            verdict = self._verdict(ready, given, arrival.mention.mention_id)
            self._keep_look(ready, values, verdict)
            if verdict is not None:
                self._hit_window(ready, arrival, sight, *verdict)

    def _keep_look(self, ready: ReadyRule, values: variable.Values, verdict: object) -> None:
        if self._look:
            fault = self.faults.pop(ready.id, None)
            self.looks.append(Look(values, verdict is not None, fault.error if fault else None))

    def _verdict(self, ready: ReadyRule, given: Given, mention_id: UUID) -> tuple[str, Severity] | None:
        """The dedup key and the severity if the rule holds. A rule that fails is noted, and stops no other."""
        try:
            if not ready.condition.when.value(given):
                return None
            key = _kept(ready.condition.dedup_key.value(given))
            critical = ready.condition.critical_when
            severity = ready.rule.severity
            if critical is not None and critical.value(given):
                severity = Severity.CRITICAL
        except EvaluationError as error:
            known = self.faults.get(ready.id)
            self.faults[ready.id] = Fault((known.count if known else 0) + 1, str(error), mention_id)
            return None
        self.fired[mention_id].add(ready.id)
        return key, severity

    def _hit_mention(
        self, ready: ReadyRule, arrival: Arrival, key: str, severity: Severity, *, repeated: bool
    ) -> None:
        episode = self._open_at(ready, key, arrival.event_at)
        if repeated and episode is None:
            return
        fresh = episode is None
        if episode is None:
            episode = self._start(
                ready, arrival, key, severity, hit_at=arrival.event_at, began_at=arrival.event_at
            )
        self._touch(episode, arrival.event_at)
        if not repeated:
            entry = arrival.entry()
            episode.count(
                mention_id=entry.mention_id,
                author=entry.author,
                followers=entry.followers,
                negative=entry.negative,
                risk=entry.risk,
            )
        reasons, late = arrival.assessment.reasons, self._late(arrival.event_at, arrival.event_at)
        line = headline.of_mention(arrival.mention, episode.situation(), reasons, late, self._tongue)
        self._tell(ready, episode, severity, line, reasons, fresh=fresh)

    def _hit_window(
        self, ready: ReadyRule, arrival: Arrival, sight: _Sight, key: str, severity: Severity
    ) -> None:
        end, figures = sight.end, sight.figures
        episode = self._open_at(ready, key, end)
        fresh = episode is None
        if episode is None:
            first = sight.window.first(end)
            began_at = first.event_at if first else end
            episode = self._start(ready, arrival, key, severity, hit_at=end, began_at=began_at)
        self._touch(episode, end)
        episode.mentions, episode.negative, episode.authors = (
            figures.mentions,
            figures.negative,
            figures.authors,
        )
        episode.reach, episode.max_risk, episode.usual = figures.reach, figures.max_risk, sight.usual
        if not fresh and not episode.grows(severity):
            return
        episode.worst = [(entry.risk, entry.mention_id) for entry in sight.window.worst(end)]
        situation = episode.situation()
        line = headline.of_window(
            situation, self._clock.at(end), self._late(end, episode.began_at), self._tongue
        )
        self._tell(
            ready, episode, severity, line, headline.reasons_of_window(situation, self._tongue), fresh=fresh
        )

    def _open_at(self, ready: ReadyRule, key: str, hit_at: datetime) -> Episode | None:
        """The open episode that a hit at `hit_at` belongs to; one that had ended before is closed."""
        episode = self.state.episodes.get((ready.id, key))
        if episode is None or not episode.ended_before(hit_at):
            return episode
        self.signals.append(episode.subsided(self.now))
        self.touched[episode.alert_id] = episode
        self.closed.add(episode.alert_id)
        del self.state.episodes[ready.id, key]
        return None

    def _start(
        self,
        ready: ReadyRule,
        arrival: Arrival,
        key: str,
        severity: Severity,
        *,
        hit_at: datetime,
        began_at: datetime,
    ) -> Episode:
        cause = (arrival.mention.mention_id, arrival.mention.revision, hit_at.isoformat())
        episode = Episode(
            alert_id=derived("alert", ready.id, self.state.brand, key, *cause),
            rule=ready.reference,
            brand=self.state.brand,
            dedup_key=key,
            severity=severity,
            window_minutes=ready.rule.window_minutes or 0,
            quiet_minutes=ready.rule.quiet_minutes,
            began_at=began_at,
            raised_at=self.now,
            last_hit_at=hit_at,
            seen_at=self.now,
        )
        self.state.episodes[ready.id, key] = episode
        return episode

    def _touch(self, episode: Episode, hit_at: datetime) -> None:
        episode.touch(hit_at, self.now)
        self.touched[episode.alert_id] = episode

    def _tell(
        self,
        ready: ReadyRule,
        episode: Episode,
        severity: Severity,
        line: str,
        reasons: tuple[Reason, ...],
        *,
        fresh: bool,
    ) -> None:
        if fresh:
            episode.mark()
            self.signals.append(
                episodes.raised(
                    episode,
                    headline=line,
                    playbook=ready.rule.playbook,
                    policy=ready.rule.policy,
                    reasons=reasons,
                )
            )
        elif episode.grows(severity):
            episode.grow(severity)
            self.signals.append(episodes.grew(episode, headline=line, at=self.now))

    def _late(self, hit_at: datetime, began_at: datetime) -> timedelta | None:
        """How long ago it began, where that is news: when it is seen later than lateness allows."""
        return self.now - began_at if self.now - hit_at > LATENESS else None


def _kept(key: str) -> str:
    """`key` as it can be stored and indexed: a long one is shortened, and stays itself."""
    key = key.replace("\x00", "")
    return key if len(key) <= _KEY_LIMIT else f"{key[:_KEY_LIMIT]}…{derived(key).hex}"


def _ends(event_at: datetime, watermark: datetime, length: timedelta) -> list[datetime]:
    """Where to look at a window after an arrival: at the watermark, and for a late one in the minutes it changed.

    A window of more than twice the lateness that ends now still holds nearly all of what an earlier end would; a
    shorter one may not, and is looked at minute by minute.
    """
    ends = [watermark]
    if length > 2 * LATENESS:
        return ends
    minute = event_at.replace(second=0, microsecond=0) + _MINUTE
    while minute < min(watermark, event_at + length):
        ends.append(minute)
        minute += _MINUTE
    return ends
