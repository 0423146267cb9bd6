"""`veilleur token`: an access token for whoever holds the machine, also when every other one was lost."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from services.cli.up import DataDir, settings_from
from services.compose import open_postgres
from services.kit import migrate as migrations
from services.kit.database import Database
from services.kit.settings import KitSettings
from services.kit.tokens import issue_token


class Role(StrEnum):
    """What a token may do; each may do what those before it may."""

    VIEWER = "viewer"
    RESPONDER = "responder"
    EDITOR = "editor"
    ADMIN = "admin"


Name = Annotated[str, typer.Argument(help="Whose or what for; shows on timelines and in the audit.")]
Of = Annotated[Role, typer.Option(help="What it may do.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(token)


def token(name: Name, *, role: Of = Role.VIEWER, data_dir: DataDir = None) -> None:
    """Issue an access token and print it, also while Veilleur is running. It is shown only this once."""
    typer.echo(asyncio.run(_issue(settings_from(data_dir=data_dir), name, role)))


async def _issue(settings: KitSettings, name: str, role: Role) -> str:
    async with open_postgres(settings, join=True) as postgres:
        await migrations.migrate(postgres.url)
        database = Database(postgres.url, pool_size=1)
        try:
            async with database.transaction() as tx:
                return await issue_token(
                    tx, name=name, role=role.value, at=datetime.now(UTC), by="command line"
                )
        finally:
            await database.close()
