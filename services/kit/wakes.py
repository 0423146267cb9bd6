"""Who is woken by what: names that are bumped when something was committed, here or in another process.

A wake is a hint to look, never the news itself: it may come late or for nothing, and whoever waits also looks from
time to time. The exception is a database that this process has alone: then every commit is made here, a name that
was not bumped means that nothing happened, and looking can be spared. That is what makes a simulation's idle
checks free.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

CHANNEL = "veilleur"
"""The PostgreSQL notification channel; payloads are names."""

_TOUCHED = "veilleur.touched"
_FIRST_PAUSE, _LONGEST_PAUSE, _PROBE = 0.2, 5.0, 10.0

_log = logging.getLogger(__name__)


def touch(tx: AsyncConnection, *names: str) -> None:
    """Bump `names` in this process as soon as `tx` has ended."""
    touched: set[str] | None = tx.info.get(_TOUCHED)
    if touched is not None:
        touched.update(names)


def watch(tx: AsyncConnection) -> set[str]:
    """Start to collect what is touched in `tx`; for `Database` alone."""
    touched: set[str] = set()
    tx.info[_TOUCHED] = touched
    return touched


class Wakes:
    """Counters by name, that can be waited for; fed by this process's commits and by `NOTIFY` from others.

    Args:
        url: A `postgresql://` URL as asyncpg reads it.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._counts: Counter[str] = Counter()
        self._waiting: dict[asyncio.Event, frozenset[str]] = {}
        self._task: asyncio.Task[None] | None = None
        self._session: tuple[int, Any] | None = None
        self._tried = asyncio.Event()

    @property
    def session(self) -> tuple[int, Any] | None:
        """Process id and start of the database session that listens; None while there is none."""
        return self._session

    def count(self, names: Iterable[str]) -> int:
        """How often any of `names` was bumped."""
        return sum(self._counts[name] for name in names)

    def bump(self, names: Iterable[str]) -> None:
        """Wake whoever waits for one of `names`."""
        woken = frozenset(names)
        self._counts.update(woken)
        for event, wanted in self._waiting.items():
            if wanted & woken:
                event.set()

    async def wait(self, names: Iterable[str], *, seen: int, timeout: float) -> bool:  # noqa: ASYNC109 - a wait that may end for nothing is no failure
        """Wait until `names` count more than `seen`, at most `timeout` machine seconds. True if they do."""
        wanted = frozenset(names)
        if self.count(wanted) != seen:
            return True
        event = asyncio.Event()
        self._waiting[event] = wanted
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(event.wait(), timeout)
        finally:
            del self._waiting[event]
        return self.count(wanted) != seen

    async def listen(self) -> None:
        """Hear other processes from now on, over a connection of its own that is opened again when it drops.

        Returns when that works, or has failed once.
        """
        if self._task is None:
            self._tried.clear()
            self._task = asyncio.create_task(self._listen(), name="wakes")
        await self._tried.wait()

    async def close(self) -> None:
        """Stop listening."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _listen(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._hear()
                pause = _FIRST_PAUSE
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.warning("Not woken by other processes, looking from time to time instead: %s", error)
            finally:
                # Whatever happened, nobody may wait for a first try that is over.
                self._tried.set()
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _hear(self) -> None:
        connection = await asyncpg.connect(
            self._url, timeout=10, server_settings={"application_name": "veilleur-wakes"}
        )
        try:
            gone = asyncio.Event()
            connection.add_termination_listener(lambda _: gone.set())
            await connection.add_listener(CHANNEL, lambda _c, _p, _ch, payload: self.bump((str(payload),)))
            row = await connection.fetchrow(
                "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
            )
            self._session = (row["pid"], row["backend_start"])
            self._tried.set()
            # Whatever was said while nobody listened may have been missed.
            self.bump(tuple(self._counts))
            while not gone.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(gone.wait(), _PROBE)
                    return
                # A peer that vanished without a word is only found by speaking to it.
                await connection.fetchval("SELECT 1", timeout=_PROBE)
        finally:
            self._session = None
            connection.terminate()
