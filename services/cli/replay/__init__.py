"""`veilleur replay`: somebody's own mentions through the whole pipeline, in days a minute."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    from services.cli.replay.command import replay  # noqa: PLC0415 - a simulation's libraries are not every command's

    app.command()(replay)
