"""How a process lives: workers that run side by side, or are stepped one after another until nothing is left.

Production runs them (`Runtime.run`). Tests, replay and demo step them (`Runtime.settle`): the same code, with
business time standing still, until bus, claims and sends are idle; only then may the clock move.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from fastapi import APIRouter

from services.contracts.topics import Topic


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
