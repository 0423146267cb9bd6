"""Look at business time: carry out what is due, in batches that any number of tickers may share.

A batch is one transaction. Its rows are claimed with `SKIP LOCKED`, so two tickers never carry out the same step, and
a ticker that dies leaves them as they were.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from prometheus_client import Gauge

from services.contracts.errors import RetryableError
from services.kit.database import Database, Transaction, translated
from services.kit.deadletters import describe
from services.kit.runtime import Ticker
from services.notify.domain.phrase import named
from services.notify.domain.run import Run
from services.notify.handlers.decide_escalation import ACTOR
from services.notify.handlers.run_step import run_due
from services.notify.handlers.take_turn import take_turn
from services.notify.handlers.tell_fallback import tell_fallback
from services.notify.settings.escalation import House, TickSettings
from services.notify.store.alerts import count_unresolved, get_alerts
from services.notify.store.dues import first_due, next_due
from services.notify.store.runs import WAKE, claim_due_runs, postpone_run, save_run
from services.notify.store.timeline import add_entry
from services.notify.store.turns import claim_due_turns, save_turn

_MEASURE_EVERY = 15.0
"""Machine seconds between two counts of alerts when nothing happens: about how often figures are scraped."""

_HANDOVER_RETRY = timedelta(minutes=5)
"""Business time after which a handover that failed is tried again: the team is there and waits for it."""

_STEP_RETRY = timedelta(minutes=5)
"""Business time after which a step is tried again that failed, and of which not even the fallback could be told."""

_log = logging.getLogger(__name__)

LATENESS = Gauge(
    "veilleur_notify_tick_lateness_seconds", "How late the latest step was carried out (business time)."
)
ALERTS = Gauge("veilleur_notify_alerts", "Alerts that nobody resolved.", ["state", "severity"])
_SHOWN = [
    (state, severity)
    for state in ("open", "acknowledged", "snoozed")
    for severity in ("info", "warning", "critical")
]


class EscalationTick:
    """Carries out due steps and handovers.

    Args:
        database: The pool.
        house: What decisions have in common.
        settings: How often and how many.
    """

    def __init__(self, database: Database, house: House, settings: TickSettings) -> None:
        self._database = database
        self._house = house
        self._settings = settings
        # The count of wakes at the latest look, and what was due first then.
        self._quiet: tuple[int, datetime | None] | None = None
        self._measured_at = -_MEASURE_EVERY

    def ticker(self) -> Ticker:
        """What the runtime calls."""
        every = timedelta(seconds=self._settings.tick_seconds)
        return Ticker(name="notify-escalation", every=every, tick=self.tick, next_due=self.next_due)

    async def tick(self, now: datetime) -> bool:
        """Do everything that is due at `now`; True if anything was."""
        done = False
        while await self._ready(now) and (await self._runs(now) or await self._turns(now)):
            done = True
        if done or time.monotonic() - self._measured_at > _MEASURE_EVERY:
            await self._measure()
        return done

    async def next_due(self, after: datetime) -> datetime | None:
        """The first instant after `after` at which a step or a handover is due, as far as is known now."""
        seen, due = self._quiet or (-1, None)
        known = self._database.alone and seen == self._database.wakes.count((WAKE,))
        if known and (due is None or due > after):
            return due
        async with self._database.reading() as connection:
            return await next_due(connection, after=after)

    async def _ready(self, now: datetime) -> bool:
        """Whether anything is due: one cheap question, spared where the answer is known."""
        seen = self._database.wakes.count((WAKE,))
        if self._database.alone and self._quiet is not None and self._quiet[0] == seen:
            due = self._quiet[1]
            return due is not None and due <= now
        async with self._database.reading() as connection:
            due = await first_due(connection)
        self._quiet = (seen, due)
        return due is not None and due <= now

    async def _runs(self, now: datetime) -> bool:
        async with self._database.transaction() as tx:
            runs = await claim_due_runs(tx, now=now, limit=self._settings.tick_batch)
            alerts = await get_alerts(tx, [run.alert_id for run in runs])
            for run in runs:
                due = run.next_due_at or now
                LATENESS.set((now - due).total_seconds())
                try:
                    async with _apart(tx):
                        await run_due(tx, alerts[run.alert_id], run, at=now, house=self._house)
                except RetryableError:
                    raise
                except Exception as error:  # noqa: BLE001 - whatever it is, it is told and concerns this run alone
                    _log.exception("A step of the escalation of alert %s failed", run.alert_id)
                    await self._failed(tx, run, error, now)
        return bool(runs)

    async def _failed(self, tx: Transaction, run: Run, error: Exception, now: datetime) -> None:
        """One run that cannot go on must neither stop the others nor fall silent: the fallback is told."""
        why = named("step_failed", self._house.language, error=type(error).__name__)
        data = {"error": describe(error)[:500]}
        try:
            async with _apart(tx):
                await add_entry(tx, alert_id=run.alert_id, reason=why, actor=ACTOR, at=now, data=data)
                await tell_fallback(tx, alert_id=run.alert_id, why=why, at=now, house=self._house)
                await save_run(tx, run.exhausted(now))
        except RetryableError:
            raise
        except Exception:  # noqa: BLE001 - told in full; one run must not stop all others
            _log.critical("Nobody can be told about alert %s", run.alert_id, exc_info=True)
            await postpone_run(tx, run.alert_id, until=now + _STEP_RETRY)

    async def _turns(self, now: datetime) -> bool:
        async with self._database.transaction() as tx:
            turns = await claim_due_turns(tx, now=now, limit=self._settings.tick_batch)
            for turn in turns:
                try:
                    async with _apart(tx):
                        await take_turn(tx, turn, at=now, house=self._house)
                except RetryableError:
                    raise
                except Exception:  # noqa: BLE001 - told in full; it concerns this brand alone
                    _log.exception("The handover of brand %s failed, and is tried again", turn.brand)
                    await save_turn(tx, replace(turn, next_start=now + _HANDOVER_RETRY))
        return bool(turns)

    async def _measure(self) -> None:
        async with self._database.transaction() as tx:
            counts = await count_unresolved(tx)
        self._measured_at = time.monotonic()
        for state, severity in _SHOWN:
            ALERTS.labels(state, severity).set(counts.get((state, severity), 0))


@asynccontextmanager
async def _apart(tx: Transaction) -> AsyncIterator[None]:
    """Undo what the block did if it fails, and nothing else of the transaction."""
    with translated():
        async with tx.begin_nested():
            yield
