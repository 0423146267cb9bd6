"""How a process lives: workers that run side by side, or are stepped one after another until nothing is left.

Production runs them (`Runtime.run`). Tests, replay and demo step them (`Runtime.settle`): the same code, with
business time standing still, until bus, claims and sends are idle; only then may the clock move.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger
from fastapi import APIRouter

from services.contracts.errors import PermanentError, RetryableError
from services.contracts.topics import DEAD_LETTERS, Topic
from services.kit.backoff import Backoff
from services.kit.bus import Bus
from services.kit.clock import Clock
from services.kit.consume import Consumer
from services.kit.supervision import State, Supervised

LONGEST_OUTAGE = 60.0
"""Machine seconds for which `settle` tries a failing step again (a database that restarts) before it gives up."""

MOST_STEPS = 100_000
"""Steps of one `settle` after which the work is taken to feed itself without end."""

GRACE = 15.0
"""Machine seconds that a stop leaves for what is in hand; what takes longer is rolled back and done again later."""

_WAIT = 1.0
_log = logging.getLogger(__name__)


class Worker(Protocol):
    """Something that does what is ready, over and over."""

    @property
    def name(self) -> str:
        """Unique in the process; a label of metrics and logs."""
        ...

    async def run_once(self, *, wait: float) -> bool:
        """Do what is ready now; wait at most `wait` machine seconds for something to be. True if anything was done.

        Raises:
            RetryableError: Nothing was lost; call again later.
        """
        ...

    async def close(self) -> None:
        """Finish what is in hand, hand over the rest, release what is held."""
        ...


@dataclass(frozen=True, slots=True)
class Ticker:
    """Something that looks at business time: APScheduler only calls it, what is due lives in rows.

    Attributes:
        name: Unique in the process.
        every: How often, in machine time, in production.
        tick: Does what is due at the given business instant; True if anything was.
        next_due: The next business instant after the given one at which `tick` will have something to do, as far
            as is known now; None if nothing is planned. It is what lets simulated time jump.
    """

    name: str
    every: timedelta
    tick: Callable[[datetime], Awaitable[bool]]
    next_due: Callable[[datetime], Awaitable[datetime | None]]


@dataclass(frozen=True, slots=True)
class Service:
    """What one service brings to a process.

    Attributes:
        name: `ingest`, `rules`, `notify`...
        routers: Its HTTP API, included under `/api/v1`.
        pages: Routers included at the root (`/p/{token}`).
        workers: Consumers, relays, senders.
        tickers: What looks at business time.
        topics: What it writes, so that they exist before anything runs.
        lag: Named lags for readiness and metrics: how many records each consumer is behind.
    """

    name: str
    routers: Sequence[APIRouter] = ()
    pages: Sequence[APIRouter] = ()
    workers: Sequence[Worker] = ()
    tickers: Sequence[Ticker] = ()
    topics: Sequence[Topic] = field(default=())


class EndlessWorkError(PermanentError):
    """Workers keep finding something to do although business time stands still."""


class WorkerEndedError(PermanentError):
    """A worker's task is gone: cancelled by a library, or ended by what is no ordinary exception."""


class Runtime:
    """The workers and tickers of one process, and how they stand.

    Args:
        services: What runs; `settle` steps workers in this order, so who writes comes best before who reads.
        bus: Where the services' topics are created before anything runs.
        clock: Business time.
    """

    def __init__(self, services: Sequence[Service], *, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._topics = list({t.name: t for s in services for t in (*s.topics, DEAD_LETTERS)}.values())
        self._workers = [worker for service in services for worker in service.workers]
        self._tickers = [ticker for service in services for ticker in service.tickers]
        names = ["topics", *(w.name for w in self._workers), *(t.name for t in self._tickers)]
        if doubles := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(
                f"Several workers or tickers are called {doubles}; names are unique in a process."
            )
        self._supervised = {name: Supervised(State(name)) for name in names}
        self._ticking: set[asyncio.Task[Any]] = set()
        self._ensured = False

    @property
    def states(self) -> Mapping[str, State]:
        """How each worker and ticker stands, by name; `topics` is their creation on the bus."""
        for consumer in self._consumers():
            self._supervised[consumer.name].state.trouble = consumer.trouble()
        return {name: supervised.state for name, supervised in self._supervised.items()}

    async def lags(self) -> Mapping[str, int]:
        """How many records each consumer group has before it, over all partitions.

        Raises:
            RetryableError: It cannot be told now.
        """
        return {consumer.name: sum((await consumer.lag()).values()) for consumer in self._consumers()}

    async def run(self, stop: asyncio.Event) -> None:
        """Run everything side by side until `stop`; then finish what is in hand, within `GRACE` seconds."""
        while not stop.is_set() and not self._ensured:
            await self._supervised["topics"].attempt(self._ensure)
            await self._supervised["topics"].pause(stop)
        scheduler = self._scheduler()
        tasks = [asyncio.create_task(self._work(worker, stop), name=worker.name) for worker in self._workers]
        scheduler.start()
        told = asyncio.create_task(stop.wait(), name="stop")
        try:
            # A worker never ends by itself. If one does all the same, a process that goes on would only look alive.
            await asyncio.wait([told, *tasks], return_when=asyncio.FIRST_COMPLETED)
            ended = [] if stop.is_set() else [task.get_name() for task in tasks if task.done()]
        finally:
            told.cancel()
            stop.set()
            scheduler.pause()
            await _drain({*tasks, *self._ticking})
            scheduler.shutdown(wait=False)
        if ended:
            raise WorkerEndedError(f"{', '.join(ended)} ended without being told to.")

    async def settle(self) -> None:
        """Step workers and tickers, at this business instant, until none of them finds anything to do.

        Raises:
            EndlessWorkError: They find ever more.
            RetryableError: A step kept failing for `LONGEST_OUTAGE` machine seconds.
        """
        if not self._ensured:
            await _insist(self._ensure)
        now = self._clock.now()
        steps: list[tuple[str, Callable[[], Awaitable[bool]]]] = [
            *((worker.name, partial(worker.run_once, wait=0)) for worker in self._workers),
            *((ticker.name, partial(ticker.tick, now)) for ticker in self._tickers),
        ]
        idle, taken = 0, 0
        # Everything is settled once each step in a row, whichever the first, found nothing to do.
        while idle < len(steps):
            name, step = steps[taken % len(steps)]
            idle = 0 if await _insist(step) else idle + 1
            taken += 1
            if taken > MOST_STEPS:
                raise EndlessWorkError(
                    f"Nothing settles at {now}: after {taken} steps, {name} still had work."
                )

    async def next_due(self) -> datetime | None:
        """The first business instant after this one at which a ticker will have something to do."""
        now = self._clock.now()
        planned = [await ticker.next_due(now) for ticker in self._tickers]
        return min((instant for instant in planned if instant is not None and instant > now), default=None)

    async def close(self) -> None:
        """Close every worker, the last of the flow first; one that fails does not keep the others open."""
        for worker in reversed(self._workers):
            try:
                await worker.close()
            except Exception:  # noqa: BLE001 - told in full
                _log.exception("%s did not close cleanly", worker.name)

    def _consumers(self) -> list[Consumer]:
        return [worker for worker in self._workers if isinstance(worker, Consumer)]

    async def _ensure(self) -> bool:
        await self._bus.ensure(self._topics)
        self._ensured = True
        return True

    async def _work(self, worker: Worker, stop: asyncio.Event) -> None:
        supervised = self._supervised[worker.name]
        while not stop.is_set():
            if await supervised.attempt(partial(worker.run_once, wait=_WAIT)) is None:
                await supervised.pause(stop)

    def _scheduler(self) -> AsyncIOScheduler:
        scheduler = AsyncIOScheduler(timezone=UTC)
        for ticker in self._tickers:
            scheduler.add_job(
                self._tick,
                IntervalTrigger(seconds=ticker.every.total_seconds(), timezone=UTC),
                (ticker,),
                id=ticker.name,
                max_instances=1,
                # What is due lives in rows: one late tick does the work of all that were missed.
                coalesce=True,
                misfire_grace_time=None,
                next_run_time=datetime.now(UTC),
            )
        return scheduler

    async def _tick(self, ticker: Ticker) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._ticking.add(task)
        try:
            await self._supervised[ticker.name].attempt(partial(ticker.tick, self._clock.now()))
        finally:
            self._ticking.discard(task)


async def _insist(step: Callable[[], Awaitable[bool]]) -> bool:
    """What `step` returns, tried again while it fails for a passing reason, for `LONGEST_OUTAGE` seconds."""
    backoff = Backoff()
    give_up = time.monotonic() + LONGEST_OUTAGE
    while True:
        try:
            return await step()
        except RetryableError as error:
            pause = backoff.failed(error)
            if time.monotonic() + pause > give_up:
                raise
            _log.warning("A step failed %d times, next try in %.1f s: %s", backoff.failures, pause, error)
            await asyncio.sleep(pause)


async def _drain(tasks: set[asyncio.Task[Any]]) -> None:
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=GRACE)
    for task in late:
        _log.warning(
            "%s was not done after %d s; it is rolled back and done again later", task.get_name(), GRACE
        )
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
