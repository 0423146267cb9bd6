"""`veilleur dead-letters list | retry`: messages that could not be handled, and another try for them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from services.cli.up import DataDir, settings_from
from services.compose import open_postgres
from services.kit import deadletters
from services.kit.database import Database, Transaction
from services.kit.deadletters import DeadLetter
from services.kit.settings import KitSettings

_PREVIEW = 200


class State(StrEnum):
    """What became of a letter."""

    DEAD = "dead"
    RETRYING = "retrying"
    HANDLED = "handled"


Group = Annotated[str | None, typer.Option(help="Only those of this consumer group.")]
Only = Annotated[State | None, typer.Option("--state", help="Only those in this state.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest first.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, with the whole message.")]
Ids = Annotated[list[UUID] | None, typer.Argument(help="The letters to retry, by id.")]
All = Annotated[bool, typer.Option("--all", help="Every dead letter (of the group, with --group).")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    commands = typer.Typer(
        help="Messages that could not be handled, and another try for them.", no_args_is_help=True
    )
    commands.command("list")(show)
    commands.command("retry")(retry)
    app.add_typer(commands, name="dead-letters")


def show(
    *,
    group: Group = None,
    state: Only = None,
    limit: Limit = 100,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show dead letters, the newest first, with what went wrong."""
    letters = asyncio.run(_find(settings_from(data_dir=data_dir), group, state, limit))
    if as_json:
        for letter in letters:
            typer.echo(json.dumps(_told(letter), ensure_ascii=False))
        return
    if not letters:
        typer.echo("There are no dead letters.")
        return
    table = Table("id", "group", "message", "failed", "tries", "state", "error")
    for letter in letters:
        topic, partition = letter.record.partition
        where = f"{topic}/{partition}@{letter.record.offset} {letter.record.key}"
        failed = f"{letter.failed_at:%Y-%m-%d %H:%M:%S}"
        error = letter.error[:_PREVIEW]
        table.add_row(str(letter.id), letter.group, where, failed, str(letter.attempts), letter.state, error)
    Console().print(table)


def retry(*, ids: Ids = None, group: Group = None, every: All = False, data_dir: DataDir = None) -> None:
    """Have dead letters handled again, by the group that failed, as soon as Veilleur runs."""
    if bool(ids) == every:
        raise typer.BadParameter("Give the ids of the letters to retry, or --all.")
    asked = asyncio.run(_ask_again(settings_from(data_dir=data_dir), ids or None, group))
    typer.echo(f"{asked} dead letter{'s' if asked != 1 else ''} will be handled again.")
    if ids and asked < len(set(ids)):
        typer.echo(
            f"{len(set(ids)) - asked} of those named are not dead (any more), or not of the group.", err=True
        )
        raise typer.Exit(1)


async def _find(settings: KitSettings, group: str | None, state: str | None, limit: int) -> list[DeadLetter]:
    async with _transaction(settings) as tx:
        return await deadletters.find(tx, group=group, state=state, limit=limit)


async def _ask_again(settings: KitSettings, ids: list[UUID] | None, group: str | None) -> int:
    async with _transaction(settings) as tx:
        return await deadletters.ask_again(tx, ids=ids, group=group)


@asynccontextmanager
async def _transaction(settings: KitSettings) -> AsyncIterator[Transaction]:
    async with open_postgres(settings, join=True) as postgres:
        database = Database(postgres.url, pool_size=1)
        try:
            async with database.transaction() as tx:
                yield tx
        finally:
            await database.close()


def _told(letter: DeadLetter) -> dict[str, Any]:
    record = letter.record
    return {
        "id": str(letter.id),
        "group": letter.group,
        "topic": record.partition.topic,
        "partition": record.partition.number,
        "offset": record.offset,
        "key": record.key,
        "headers": dict(record.headers),
        "value": record.value.decode(errors="replace"),
        "error": letter.error,
        "attempts": letter.attempts,
        "state": letter.state,
        "failed_at": letter.failed_at.isoformat(),
    }
