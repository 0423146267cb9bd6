"""How long to wait before the same thing is tried again: twice as long each time, up to a limit, never in step."""

from __future__ import annotations

import random
import time

FIRST, LONGEST = 0.2, 30.0
"""Machine seconds: the first pause, and the longest."""


class Backoff:
    """Counts failures in a row and says when the next try is due, in machine time.

    Attributes:
        failures: How many in a row.
        error: What the last one said.
    """

    def __init__(self) -> None:
        self.failures = 0
        self.error = ""
        self._due = 0.0

    def failed(self, error: BaseException) -> float:
        """Note a failure; returns the pause in seconds. Half of it is chance, so that many do not come back at once."""
        self.failures += 1
        self.error = f"{type(error).__name__}: {error}"
        pause: float = min(LONGEST, FIRST * 2.0 ** min(self.failures - 1, 16))
        pause *= random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, keeps no secret
        self._due = time.monotonic() + pause
        return pause

    @property
    def left(self) -> float:
        """Seconds until the next try is due; 0 when it is."""
        return max(0.0, self._due - time.monotonic())

    @property
    def forgotten(self) -> bool:
        """Long due and not tried: what failed is not ours to try any more."""
        return time.monotonic() - self._due > 2 * LONGEST
