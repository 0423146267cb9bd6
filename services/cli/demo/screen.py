"""What the terminal shows: lines as things happen, and the volume and tone of each hour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from math import sqrt
from types import TracebackType
from typing import Self
from uuid import UUID

from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from services.cli.demo.story import THURSDAY, ZONE
from services.contracts.values import Sentiment

DAYS = 5
_BARS = "▁▂▃▄▅▆▇█"
_HOURS = 24
_BUSIEST = 140
"""Mentions of the written crisis' busiest hour: the full height. Heights are square roots, or calm days vanish."""

_ENOUGH = 6
"""Mentions from which on a share says something: two complaints at three in the morning are no bad mood."""

_TONES = ((0.4, "#", "red"), (0.2, "-", "yellow"), (0.0, "·", "green"))
"""From which share of negative mentions on, the sign and the colour of an hour."""

LEGEND = "bars: mentions an hour; below, how many are negative: · few, - 20%, # 40% or more"


class Chart:
    """Mentions by hour, each counted once however often it is edited."""

    def __init__(self) -> None:
        self._mentions: dict[UUID, tuple[date, int, bool]] = {}

    def count(self, mention_id: UUID, at: datetime, sentiment: Sentiment) -> None:
        """Take in a mention, or what an edit made of it."""
        local = at.astimezone(ZONE)
        self._mentions[mention_id] = (local.date(), local.hour, sentiment is Sentiment.NEGATIVE)

    def __len__(self) -> int:
        return len(self._mentions)

    def day(self, day: date) -> Group:
        """Two lines: volume, tone."""
        volume = Counter(hour for on, hour, _ in self._mentions.values() if on == day)
        negative = Counter(hour for on, hour, bad in self._mentions.values() if on == day and bad)
        bars, tones = Text(f"{day:%a %d %b}  "), Text(" " * 12)
        for hour in range(_HOURS):
            if not volume[hour]:
                bars.append("  ")
                tones.append("  ")
                continue
            share = negative[hour] / max(volume[hour], _ENOUGH)
            _, sign, colour = next(tone for tone in _TONES if share >= tone[0])
            height = min(sqrt(volume[hour] / _BUSIEST), 1.0) * (len(_BARS) - 1)
            bars.append(_BARS[round(height)] * 2, colour)
            tones.append(sign * 2, colour)
        total = volume.total()
        bars.append(f"  {total} mentions")
        tones.append(f"  {round(100 * negative.total() / total) if total else 0}% negative")
        return Group(bars, tones)

    def hours(self) -> Text:
        """The scale above the days."""
        return Text(" " * 12 + "".join(f"{hour}h".ljust(12) for hour in range(0, _HOURS, 6)), "dim")


class Screen:
    """A terminal, or a file that only wants lines. Use it as a context."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.chart = Chart()
        self._live: Live | None = None
        self._told = THURSDAY
        self._now: datetime | None = None

    def __enter__(self) -> Self:
        self.console.print(Text(LEGEND, "dim"))
        if self.console.is_terminal:
            self._live = Live(self._picture(), console=self.console, auto_refresh=False)
            self._live.start()
        else:
            self.console.print(self.chart.hours())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.update(self._picture(), refresh=True)
            self._live.stop()
        elif self._now is not None and error is None:
            self._tell_days(self._now.date() + timedelta(days=1))

    def move(self, now: datetime) -> None:
        """Business time is `now`."""
        self._now = now.astimezone(ZONE)
        if self._live is not None:
            self._live.update(self._picture(), refresh=True)
        else:
            self._tell_days(self._now.date())

    def say(self, at: datetime, what: str, text: str | Text, style: str = "") -> None:
        """One line of the story, wrapped under its own beginning."""
        line = Table.grid(padding=(0, 2))
        line.add_column(width=9, style="dim", no_wrap=True)
        line.add_column(width=9, no_wrap=True)
        line.add_column(ratio=1, overflow="fold")
        line.add_row(f"{at.astimezone(ZONE):%a %H:%M}", Text(what, style), text)
        self.console.print(line)

    def show(self, text: str) -> None:
        """Something as it was received, indented."""
        self.console.print(Padding(Text(text, "cyan"), (0, 0, 0, 11)))

    def _picture(self) -> Group:
        moment = Text(f"{self._now:%A %d %B %Y, %H:%M}" if self._now else "", "bold")
        return Group(moment, self.chart.hours(), *self._days())

    def _days(self) -> Iterator[Group]:
        last = self._now.date() if self._now else THURSDAY
        for number in range(DAYS):
            if (day := THURSDAY + timedelta(days=number)) <= last:
                yield self.chart.day(day)

    def _tell_days(self, before: date) -> None:
        while self._told < before:
            self.console.print(self.chart.day(self._told))
            self._told += timedelta(days=1)
