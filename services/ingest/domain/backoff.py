"""When to ask a source again."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from services.contracts.ids import derived

FIRST_SECONDS = 60
"""Wait after a first failure (less if the source is polled more often than that)."""

LAST_SECONDS = 3_600
"""Longest wait between two tries of a failing source (longer if it is polled less often than that)."""

LONGEST_RETRY_AFTER = timedelta(days=1)
"""What a server may ask us to wait at most: a wrong header must not blind a source for ever."""

_JITTER = 0.2


def after_failure(
    source: str, failures: int, every_seconds: int, *, retry_after: timedelta | None = None
) -> timedelta:
    """How long to wait after the `failures`-th failure in a row: doubling, spread by up to 20 %.

    The spread is drawn from the source and the count, so that sources which failed together do not come back
    together, and that the same history gives the same instants. A server's own `Retry-After` is never undercut.
    """
    exponent = min(failures - 1, 16)
    seconds = min(min(FIRST_SECONDS, every_seconds) * 2**exponent, max(LAST_SECONDS, every_seconds))
    wait = timedelta(seconds=seconds * (1 + _JITTER * _fraction(derived(source, failures))))
    return max(wait, min(retry_after, LONGEST_RETRY_AFTER)) if retry_after else wait


def _fraction(identifier: UUID) -> float:
    return identifier.int % 10_000 / 10_000
