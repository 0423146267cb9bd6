"""`veilleur migrate`: bring the database to the schema of this version."""

from __future__ import annotations

import asyncio

import typer

from services.cli.up import DataDir, settings_from
from services.compose import open_postgres
from services.kit import migrate as migrations
from services.kit.settings import KitSettings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(migrate)


def migrate(*, data_dir: DataDir = None) -> None:
    """Bring the database to the schema of this version. `up` does so by itself."""
    asyncio.run(_migrate(settings_from(data_dir=data_dir)))


async def _migrate(settings: KitSettings) -> None:
    async with open_postgres(settings) as postgres:
        await migrations.migrate(postgres.url)
    typer.echo(f"The database is at revision {migrations.wanted()}.")
