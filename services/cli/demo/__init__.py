"""`veilleur demo`: the whole product on a crisis that was written for it."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    from services.cli.demo.command import demo  # noqa: PLC0415 - a simulation's libraries are not every command's

    app.command()(demo)
