"""A file of mentions, played: ahead in strides where that is worth it, then to the minute where something happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from rich.console import Console

from services.cli.replay.progress import ReplayProgress
from services.cli.replay.report import Report
from services.cli.replay.row import Rows
from services.cli.replay.scout import Lookout, end_of_stride, is_worth_it
from services.cli.replay.team import ENVIRONMENT, Answers, set_up
from services.cli.simulated import chronicle as chronicles
from services.cli.simulated.chronicle import Chronicle
from services.cli.simulated.follower import Follower
from services.cli.simulated.house import House, data_dir_or_temporary, environment_of, open_house
from services.compose import stopped_by_signals
from services.contracts import topics
from services.contracts.codec import encode
from services.contracts.values import Reference
from services.ingest.domain.matcher import CompiledWatch
from services.ingest.domain.submission import Draft
from services.kit.clock import ManualClock
from services.kit.runtime import Ticker
from services.kit.settings import KitSettings
from services.kit.simulation import Cue, Simulation, Stop

AFTERWARDS = timedelta(hours=1)
"""Business time after the last mention, for what it raised to page somebody."""

Together = Callable[[datetime], datetime]


@dataclass(frozen=True, slots=True)
class Play:
    """What is played: mentions of one brand, and where the team is."""

    rows: Rows
    total: int
    brand: str
    brand_name: str
    zone: ZoneInfo
    query: str | None
    language: Literal["fr", "en"]
    name: str

    def watch(self) -> CompiledWatch | None:
        """The query, ready to be asked; None where every row is about the brand."""
        return CompiledWatch.of(self.brand, _WATCH, self.query) if self.query else None


_WATCH = Reference(id="replay", name="Replay")


async def play_file(errors: Console, play: Play, data_dir: Path | None) -> Report | None:
    """Play it; None if it was interrupted."""
    stop = asyncio.Event()
    with (
        stopped_by_signals(stop),
        data_dir_or_temporary(data_dir) as folder,
        environment_of({**ENVIRONMENT, "RULES_ZONE": play.zone.key}),
    ):
        playing = asyncio.create_task(_both_passes(errors, play, folder))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({playing, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not playing.done():
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
            return None
        return playing.result()


async def _both_passes(errors: Console, play: Play, folder: Path) -> Report:
    began = time.monotonic()
    watch = play.watch()
    cues = [cue for cue in play.rows.cues if watch is None or watch.test(cue.item.document)]
    settings = KitSettings(data_dir=folder, language=play.language)
    together: Together | None = None
    if is_worth_it(cue.at for cue in cues):
        lookout = Lookout()
        async with open_house(settings, name=f"{play.name}_ahead", clock=_clock(play)) as house:
            follower = Follower(house.process.kit.bus, [topics.ALERTS], group="lookout")
            with ReplayProgress(errors, len(cues), play.zone, label="looking ahead") as progress:
                await _pass(play, cues, house, progress=progress, together=end_of_stride)
            lookout.note(await follower.news())
        together = lookout.together
    chronicle = Chronicle()
    async with open_house(settings, name=play.name, clock=_clock(play)) as house:
        with ReplayProgress(errors, max(len(cues), 1), play.zone) as progress:
            await _pass(play, cues, house, progress=progress, together=together, chronicle=chronicle)
    return _report(play, len(cues), chronicle, time.monotonic() - began)


def _clock(play: Play) -> ManualClock:
    # A moment before the first mention, so that nothing arrives in the past.
    return ManualClock(play.rows.first - timedelta(minutes=1))


async def _pass(
    play: Play,
    cues: Sequence[Cue[Draft]],
    house: House,
    *,
    progress: ReplayProgress,
    together: Together | None,
    chronicle: Chronicle | None = None,
) -> None:
    """Everything once, up to a while after the end; with a chronicle, alerts are answered and written down there."""
    kit = house.process.kit
    zone, first = play.zone, play.rows.first
    await set_up(house.ops, brand=play.brand, name=play.brand_name, query=play.query, zone=zone, first=first)
    told = chronicle or Chronicle()
    references = (_WATCH,) if play.query else ()

    async def publish(drafts: Sequence[Draft]) -> None:
        await kit.bus.publish(
            [encode(draft.found(play.brand, references), draft.received_at) for draft in drafts]
        )

    async def stepped(stop: Stop) -> None:
        progress.move(stop.now, stop.position, len(told.cases()))

    simulation: Simulation[Draft] = Simulation(
        name="replay",
        database=kit.database,
        clock=house.clock,
        runtime=house.process.runtime,
        publish=publish,
        people=_people(house, told, answering=chronicle is not None),
        stepped=stepped,
        together=together,
    )
    await simulation.run(cues, until=play.rows.last + AFTERWARDS)


def _people(house: House, chronicle: Chronicle, *, answering: bool) -> tuple[Ticker, ...]:
    follower = Follower(house.process.kit.bus, chronicles.TOPICS, group="replay")

    async def listen(_: datetime) -> bool:
        chronicle.note(await follower.news())
        return False

    async def never(_: datetime) -> None:
        return None

    listening = Ticker("chronicle", timedelta(seconds=1), listen, never)
    return (listening, Answers(chronicle, house.ops).ticker()) if answering else (listening,)


def _report(play: Play, mentions: int, chronicle: Chronicle, seconds: float) -> Report:
    rows = play.rows
    return Report(
        brand=play.brand,
        zone=play.zone,
        rows=play.total,
        mentions=mentions,
        repeated=rows.repeated,
        bad=rows.bad,
        first=rows.first,
        last=rows.last,
        seconds=seconds,
        cases=chronicle.cases(),
    )
