"""How each part of a process stands, and what happens when one fails: it is told, waited for, and tried again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from prometheus_client import Counter

from services.contracts.errors import RetryableError
from services.kit.backoff import Backoff

_FAILURES = Counter("veilleur_worker_failures", "Times a worker or ticker failed.", ["worker"])
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class State:
    """How a worker or ticker stands, in machine time.

    Attributes:
        name: Whose state.
        last_ok: When it last ran through.
        last_failed: When it last failed.
        error: What the last failure said; kept after it has passed, for people who look for a cause.
        failures: How many in a row; 0 when it works.
        busy_since: Since when it is at what it does now; None between two goes.
        trouble: Why a part of its work does not move although it runs; None when all does.
    """

    name: str
    last_ok: datetime | None = None
    last_failed: datetime | None = None
    error: str | None = None
    failures: int = 0
    busy_since: datetime | None = None
    trouble: str | None = None

    @property
    def healthy(self) -> bool:
        """Whether it does all its work."""
        return self.failures == 0 and self.trouble is None


@dataclass(slots=True)
class Supervised:
    """Runs one part's work and keeps its state.

    Attributes:
        state: How it stands.
    """

    state: State
    _backoff: Backoff = field(default_factory=Backoff)

    async def attempt(self, work: Callable[[], Awaitable[bool]]) -> bool | None:
        """What `work` returns, or None if it failed: told in the log, kept in the state, never raised."""
        self.state.busy_since = datetime.now(UTC)
        try:
            done = await work()
        except RetryableError as error:
            pause = self.failed(error)
            _log.warning(
                "%s failed %d times, next try in %.1f s: %s",
                self.state.name,
                self.state.failures,
                pause,
                error,
            )
            return None
        except Exception as error:  # noqa: BLE001 - told in full; a task that dies silently would be worse
            pause = self.failed(error)
            _log.exception("%s hit an unexpected error, next try in %.1f s", self.state.name, pause)
            return None
        finally:
            self.state.busy_since = None
        self.worked()
        return done

    async def pause(self, stop: asyncio.Event) -> None:
        """Wait until the next try is due, or `stop`."""
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), self._backoff.left)

    def failed(self, error: Exception) -> float:
        """Note a failure; returns the pause before the next try, in seconds."""
        pause = self._backoff.failed(error)
        _FAILURES.labels(self.state.name).inc()
        self.state.last_failed = datetime.now(UTC)
        self.state.error = self._backoff.error
        self.state.failures = self._backoff.failures
        return pause

    def worked(self) -> None:
        """Note that it ran through."""
        self._backoff = Backoff()
        self.state.last_ok = datetime.now(UTC)
        self.state.failures = 0
