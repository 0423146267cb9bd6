"""How a process stands: what `/readyz` and `/metrics` say of its database, bus, workers and outboxes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import text

from services.contracts.errors import RetryableError
from services.contracts.topics import BRANDS
from services.kit.context import Kit
from services.kit.metrics import Metrics
from services.kit.migrate import revisions
from services.kit.runtime import Runtime, Service
from services.kit.supervision import State

PATIENCE = 3.0
"""Seconds one check may take before it counts as failed: less than an orchestrator's own patience."""

MOST_LAG = 20_000
"""Records a consumer may be behind and still be called ready: at a batch of 500 about a minute of catching up."""

STUCK = 900.0
"""Machine seconds at one thing after which a worker is taken to hang: on a connection that died without a word, say."""

Readiness = Callable[[], Awaitable[Mapping[str, str | None]]]
"""Named checks: None is ready, a text says why not. It is public: it names no address and quotes no error."""


class Observation:
    """Looks at one process.

    Args:
        kit: The plumbing.
        services: What the process runs: whose outboxes count.
        runtime: Its workers; None where nothing runs (an application in a test).
        readiness: More checks.
    """

    def __init__(
        self, kit: Kit, services: Sequence[Service], *, runtime: Runtime | None, readiness: Readiness | None
    ) -> None:
        self._kit = kit
        self._schemas = [service.name for service in services]
        self._runtime = runtime
        self._readiness = readiness

    async def checks(self) -> Mapping[str, str | None]:
        """Every check by name; None for what is ready, else why it is not."""
        named: dict[str, str | None] = {}
        await _tried(named, "database", self._database)
        await _tried(named, "bus", self._bus)
        if self._runtime is not None:
            named |= _workers(self._runtime)
            await _tried(named, "lag", self._lag)
        if self._readiness is not None:
            await _tried(named, "process", self._readiness)
        return named

    async def collect(self, metrics: Metrics) -> None:
        """Set the gauges to what is true now; if the database cannot be asked, say that instead."""
        if self._runtime is not None:
            for state in self._runtime.states.values():
                metrics.worker_failures.labels(state.name).set(state.failures)
                metrics.worker_busy.labels(state.name).set(_busy_seconds(state))
        try:
            async with asyncio.timeout(PATIENCE):
                await self._collect_stored(metrics)
        except (TimeoutError, RetryableError):
            metrics.observed.set(0)
        else:
            metrics.observed.set(1)

    async def _collect_stored(self, metrics: Metrics) -> None:
        for gauge in (metrics.lag, metrics.position, metrics.dead_letters):
            gauge.clear()  # a group that is gone must not keep its last figure for ever
        if self._runtime is not None:
            for group, lag in (await self._runtime.lags()).items():
                metrics.lag.labels(group).set(lag)
        async with self._kit.database.transaction() as tx:
            for row in await tx.execute(text(_POSITIONS), {"log": await self._kit.bus.identity()}):
                metrics.position.labels(row.group_name, row.topic).set(row.position)
            for row in await tx.execute(text(_DEAD_LETTERS)):
                metrics.dead_letters.labels(row.group_name, row.state).set(row.letters)
            found = await tx.execute(text(_WITH_OUTBOX), {"schemas": self._schemas})
            for schema in found.scalars().all():
                waiting = (await tx.execute(text(_waiting(schema)))).one()
                metrics.outbox_waiting.labels(schema).set(waiting.events)
                metrics.outbox_age.labels(schema).set(waiting.seconds)

    async def _database(self) -> Mapping[str, str | None]:
        async with self._kit.database.transaction() as tx:
            found = await revisions(tx)
        if found.current != found.wanted:
            return {"database": f"at revision {found.current}, this program needs {found.wanted}"}
        return {"database": None}

    async def _bus(self) -> Mapping[str, str | None]:
        await self._kit.bus.ends(BRANDS)
        return {"bus": None}

    async def _lag(self) -> Mapping[str, str | None]:
        assert self._runtime is not None
        lags = await self._runtime.lags()
        late = [f"{group} by {lag}" for group, lag in sorted(lags.items()) if lag > MOST_LAG]
        return {"lag": f"behind: {', '.join(late)} records" if late else None}


async def _tried(
    named: dict[str, str | None], name: str, check: Callable[[], Awaitable[Mapping[str, str | None]]]
) -> None:
    """Add what `check` says; if it gives no answer, `name` is what is not ready."""
    try:
        async with asyncio.timeout(PATIENCE):
            named |= await check()
    except TimeoutError:
        named[name] = f"no answer within {PATIENCE:g} s"
    except RetryableError:
        named[name] = "away"


def _workers(runtime: Runtime) -> dict[str, str | None]:
    named: dict[str, str | None] = {}
    for name, state in runtime.states.items():
        if _busy_seconds(state) > STUCK:
            named[f"worker {name}"] = f"at the same thing for more than {STUCK:g} s"
        elif state.failures:
            named[f"worker {name}"] = f"failed {state.failures} times in a row; see the log"
        elif state.trouble is not None:
            named[f"worker {name}"] = "a part of its work does not move; see the log"
        else:
            named[f"worker {name}"] = None
    return named


def _busy_seconds(state: State) -> float:
    return 0.0 if state.busy_since is None else (datetime.now(UTC) - state.busy_since).total_seconds()


_POSITIONS = """
    SELECT group_name, topic, CAST(sum(next_offset) AS bigint) AS position
    FROM kit.consumer_offsets WHERE log = :log GROUP BY group_name, topic
"""
_DEAD_LETTERS = (
    "SELECT group_name, state, count(*) AS letters FROM kit.dead_letters GROUP BY group_name, state"
)
_WITH_OUTBOX = """
    SELECT table_schema FROM information_schema.tables
    WHERE table_name = 'outbox' AND table_schema = ANY(CAST(:schemas AS text[]))
"""


def _waiting(schema: str) -> str:
    return f"""
        SELECT count(*) AS events,
               coalesce(CAST(extract(epoch FROM clock_timestamp() - min(created_at)) AS float8), 0) AS seconds
        FROM {schema}.outbox WHERE number IS NULL
    """  # noqa: S608 - the name of a schema that the database just told
