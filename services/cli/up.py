"""`veilleur up`: everything in one process."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import text

from services.compose import (
    Process,
    listen,
    open_kit,
    open_postgres,
    open_process,
    serve,
    stopped_by_signals,
)
from services.kit.auth import BASIC_USER
from services.kit.context import Kit
from services.kit.logs import configure_logging
from services.kit.settings import KitSettings
from services.kit.tokens import issue_token, list_tokens
from services.notify.settings.delivery import DeliverySettings

DataDir = Annotated[
    Path | None, typer.Option(help="Where the embedded database and the secret key live.", show_default=False)
]
Host = Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="0 takes a free one.", show_default="8080")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(up)


def up(*, data_dir: DataDir = None, host: Host = None, port: Port = None) -> None:
    """Run everything in one process, on an embedded PostgreSQL unless VEILLEUR_DATABASE_URL names another."""
    settings = settings_from(data_dir=data_dir, host=host, port=port)
    configure_logging(settings.log_level, settings.log_format)
    asyncio.run(_up(settings))


def settings_from(**given: Path | str | int | None) -> KitSettings:
    """Settings from the environment, with what was given on the command line on top."""
    return KitSettings.model_validate({name: value for name, value in given.items() if value is not None})


async def _up(settings: KitSettings) -> None:
    stop = asyncio.Event()
    with stopped_by_signals(stop), listen(settings.host, settings.port) as listener:
        if settings.port == 0:
            # Links are built from the port, so it has to be known before anything is.
            settings = settings_from(
                data_dir=settings.data_dir, host=settings.host, port=listener.getsockname()[1]
            )
        public = settings.check_public_url()
        for warning in [*([public] if public else []), *DeliverySettings().gaps()]:
            typer.echo(f"Warning: {warning}", err=True)
        async with open_postgres(settings) as postgres, open_kit(settings, postgres=postgres) as kit:
            if token := await first_token(kit):
                # At once: it is committed, and whatever fails from here on must not lose it.
                typer.echo(f"First admin token, shown only this once: {token}")
            async with open_process(kit) as process:
                await serve(process, listener, stop, started=lambda: _greet(process), postgres=postgres)


async def first_token(kit: Kit) -> str | None:
    """An admin token if nobody has any token yet: the first start, and no later one."""
    async with kit.database.transaction() as tx:
        # Two processes may start at the same moment; only one of them may be first.
        await tx.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('veilleur first token', 0))"))
        if await list_tokens(tx, before=None, limit=1):
            return None
        return await issue_token(tx, name="first admin", role="admin", at=kit.clock.now())


def _greet(process: Process) -> None:
    url = process.kit.settings.public_url
    typer.echo(f"Veilleur is up: {url} (user '{BASIC_USER}', a token as password). Ctrl-C stops it.")
