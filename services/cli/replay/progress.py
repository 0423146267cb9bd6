"""How far a replay is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

from datetime import datetime
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_STEPS = 10


class ReplayProgress:
    """Use it as a context.

    Args:
        console: Standard error.
        total: How many mentions there are.
        zone: In which business time is shown.
        label: What is being done, where that is not the replay itself.
    """

    def __init__(self, console: Console, total: int, zone: ZoneInfo, *, label: str = "") -> None:
        self._console = console
        self._total = total
        self._zone = zone
        self._label = f"{label} " if label else ""
        self._told = 0
        self._bar: Progress | None = None
        if console.is_terminal:
            moment, alerts = TextColumn("{task.description}"), TextColumn("{task.fields[alerts]} alerts")
            columns = (moment, BarColumn(), MofNCompleteColumn(), alerts, TimeRemainingColumn())
            self._bar = Progress(*columns, console=console)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
            self._bar.add_task("", total=self._total, alerts=0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def move(self, now: datetime, done: int, alerts: int) -> None:
        """Business time is `now`, `done` mentions are played, `alerts` were raised."""
        local = f"{self._label}{now.astimezone(self._zone):%a %Y-%m-%d %H:%M}"
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=done, description=local, alerts=alerts)
        elif done * _STEPS // self._total > self._told:
            self._told = done * _STEPS // self._total
            share = f"{100 * done // self._total:3}%"
            self._console.print(f"{share}  {local}  {done} of {self._total} mentions, {alerts} alerts")
