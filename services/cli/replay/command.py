"""`veilleur replay`: what would have been alerted, and who would have been paged when."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

import typer
from rich.console import Console

from services.cli.replay.column import map_columns, parse_asked
from services.cli.replay.playing import Play, play_file
from services.cli.replay.report import BAD_ROWS_SHOWN
from services.cli.replay.row import read_rows, slug_of
from services.cli.replay.table import UnreadableFileError, read_table
from services.contracts.errors import Fault, InvalidError
from services.contracts.values import Reference
from services.ingest.domain.matcher import CompiledWatch
from services.kit.logs import configure_logging

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
    report = asyncio.run(play_file(errors, play, data_dir))
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
