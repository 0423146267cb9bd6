"""`veilleur replay`: what would have been alerted, and who would have been paged when."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

import typer
from rich.console import Console

from services.cli.replay.column import map_columns, parse_asked
from services.cli.replay.progress import ReplayProgress
from services.cli.replay.report import BAD_ROWS_SHOWN, Report
from services.cli.replay.row import Rows, read_rows, slug_of
from services.cli.replay.table import UnreadableFileError, read_table
from services.cli.replay.team import ENVIRONMENT, Answers, set_up
from services.cli.simulated import chronicle as chronicles
from services.cli.simulated.chronicle import Chronicle
from services.cli.simulated.follower import Follower
from services.cli.simulated.house import House, data_dir_or_temporary, environment_of, open_house
from services.compose import stopped_by_signals
from services.contracts.codec import encode
from services.contracts.errors import Fault, InvalidError
from services.contracts.values import Reference
from services.ingest.domain.matcher import CompiledWatch
from services.ingest.domain.submission import Draft
from services.kit.clock import ManualClock
from services.kit.logs import configure_logging
from services.kit.runtime import Ticker
from services.kit.settings import KitSettings
from services.kit.simulation import Simulation, Stop

AFTERWARDS = timedelta(hours=1)
"""Business time after the last mention, for what it raised to page somebody."""

INTERRUPTED = 130

File = Annotated[Path, typer.Argument(help="Mentions: NDJSON (an object a line) or CSV with a header.")]
Brand = Annotated[str, typer.Option(help="The brand that they are about.")]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=COLUMN", help="Which column a field is read from; repeat it."),
]
Zone = Annotated[str, typer.Option(help="IANA zone of the team, and of dates that name none.")]
Query = Annotated[
    str | None, typer.Option(help="Play only what matches, as a watch would.", show_default="every row")
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print the result as one JSON object on standard output.")
]
DataDir = Annotated[
    Path | None,
    typer.Option(help="Keep everything here; a replay that was cut goes on.", show_default="a temporary one"),
]
Language = Annotated[Literal["fr", "en"], typer.Option(help="Of headlines and reasons.")]


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


def replay(
    file: File,
    *,
    brand: Brand,
    columns: Map = None,
    zone: Zone = "Europe/Paris",
    query: Query = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    language: Language = "fr",
) -> None:
    """Play a file of mentions through the whole pipeline, in days a minute.

    The team is there Monday to Friday, 9 to 18; one person is on call. Nothing is sent: channels record.
    """
    errors = Console(stderr=True, highlight=False)
    play = _read(errors, file, brand=brand, columns=columns or [], zone=zone, query=query, language=language)
    configure_logging("WARNING", "text")
    report = asyncio.run(_replay(errors, play, data_dir))
    if report is None:
        errors.print("Interrupted." + (" The same command goes on from here." if data_dir else ""))
        raise typer.Exit(INTERRUPTED)
    people = errors if as_json else Console(highlight=False)
    for line in report.lines():
        people.print(line, markup=False, soft_wrap=True)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False))


def _read(
    errors: Console,
    file: Path,
    *,
    brand: str,
    columns: Sequence[str],
    zone: str,
    query: str | None,
    language: Literal["fr", "en"],
) -> Play:
    """The file, and everything that can be wrong with it, told."""
    identifier = slug_of(brand)
    if not identifier:
        raise InvalidError(
            Fault("--brand", f"'{brand}' holds no letter or digit.", "Write the brand's name.")
        )
    if zone not in available_timezones():
        raise InvalidError(Fault("--zone", f"'{zone}' is no IANA zone.", "Write for example Europe/Paris."))
    if query is not None:
        CompiledWatch.of(identifier, Reference(id="replay"), query)
    table = read_table(file)
    mapped = map_columns(table.columns, parse_asked(columns))
    errors.print(f"{file}: {table.format}, {len(table.lines)} rows. {table.note}".rstrip(), markup=False)
    errors.print(f"Read: {mapped}", markup=False)
    rows = read_rows(table, mapped, ZoneInfo(zone))
    if rows.bad:
        errors.print(f"{len(rows.bad)} rows left out:")
    for bad in rows.bad[:BAD_ROWS_SHOWN]:
        errors.print(f"  line {bad.line}: {bad.problem}", markup=False)
    if len(rows.bad) > BAD_ROWS_SHOWN:
        errors.print(f"  ... and {len(rows.bad) - BAD_ROWS_SHOWN} more")
    if rows.repeated:
        errors.print(f"{rows.repeated} rows say again what another one said: they count once.")
    if not rows.cues:
        raise UnreadableFileError(f"{file} holds no row that can be played.")
    # The same file played the same way is the same replay, and goes on if it was cut; any other begins anew.
    parts = (
        file.read_bytes(),
        repr((identifier, sorted(mapped.columns.items()), zone, query, language)).encode(),
    )
    digest = hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
    return Play(
        rows, len(table.lines), identifier, brand, ZoneInfo(zone), query, language, f"replay_{digest}"
    )


async def _replay(errors: Console, play: Play, data_dir: Path | None) -> Report | None:
    """Play it; None if it was interrupted."""
    stop = asyncio.Event()
    with (
        stopped_by_signals(stop),
        data_dir_or_temporary(data_dir) as folder,
        environment_of({**ENVIRONMENT, "RULES_ZONE": play.zone.key}),
    ):
        settings = KitSettings(data_dir=folder, language=play.language)
        # A moment before the first mention, so that nothing arrives in the past.
        clock = ManualClock(play.rows.first - timedelta(minutes=1))
        async with open_house(settings, name=play.name, clock=clock) as house:
            playing = asyncio.create_task(_play(errors, play, house))
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait({playing, stopped}, return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            if not playing.done():
                playing.cancel()
                await asyncio.gather(playing, return_exceptions=True)
                return None
            return playing.result()


async def _play(errors: Console, play: Play, house: House) -> Report:
    began = time.monotonic()
    kit, chronicle = house.process.kit, Chronicle()
    await set_up(
        house.ops,
        brand=play.brand,
        name=play.brand_name,
        query=play.query,
        zone=play.zone,
        first=play.rows.first,
    )
    watch = (
        CompiledWatch.of(play.brand, Reference(id="replay", name="Replay"), play.query)
        if play.query
        else None
    )
    cues = [cue for cue in play.rows.cues if watch is None or watch.test(cue.item.document)]
    follower = Follower(kit.bus, chronicles.TOPICS, group="replay")
    answers = Answers(chronicle, house.ops)

    async def publish(drafts: Sequence[Draft]) -> None:
        references = (watch.reference,) if watch else ()
        await kit.bus.publish(
            [encode(draft.found(play.brand, references), draft.received_at) for draft in drafts]
        )

    async def listen(_: object) -> bool:
        chronicle.note(await follower.news())
        return False

    async def never(_: object) -> None:
        return None

    with ReplayProgress(errors, max(len(cues), 1), play.zone) as progress:

        async def stepped(stop: Stop) -> None:
            progress.move(stop.now, stop.position, len(chronicle.cases()))

        simulation: Simulation[Draft] = Simulation(
            name="replay",
            database=kit.database,
            clock=house.clock,
            runtime=house.process.runtime,
            publish=publish,
            people=(Ticker("chronicle", timedelta(seconds=1), listen, never), answers.ticker()),
            stepped=stepped,
        )
        await simulation.run(cues, until=play.rows.last + AFTERWARDS)
    return Report(
        brand=play.brand,
        zone=play.zone,
        rows=play.total,
        mentions=len(cues),
        repeated=play.rows.repeated,
        bad=play.rows.bad,
        first=play.rows.first,
        last=play.rows.last,
        seconds=time.monotonic() - began,
        cases=chronicle.cases(),
    )
