"""`veilleur`: the commands, and how they tell people what went wrong."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from typer.core import TyperGroup

from services.cli import backup, dead_letters, demo, migrate, replay, token, up
from services.contracts.errors import InvalidError, PermanentError, RetryableError

MISUSE = 2
FAILURE = 1
INTERRUPTED = 130


class _Group(TyperGroup):
    """Turns our own errors into one sentence and an exit status; bugs keep their traceback."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as the class above has it
        """Run the command."""
        if ctx.params.get("debug"):
            return super().invoke(ctx)
        try:
            return super().invoke(ctx)
        except ValidationError as error:
            faults = [f"VEILLEUR_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()]
            _fail("; ".join(faults), MISUSE)
        except InvalidError as error:
            _fail(str(error), MISUSE)
        except (PermanentError, RetryableError) as error:
            _fail(str(error), FAILURE)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)


app = typer.Typer(
    cls=_Group,
    name="veilleur",
    help="Watches what is said about brands and wakes the right person when nobody is at the desk.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"veilleur {version('veilleur')}")
        raise typer.Exit


@app.callback()
def options(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of a failure.")] = False,
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Options of every command."""


for command in (up, demo, replay, token, migrate, backup, dead_letters):
    command.register(app)


def run() -> None:
    """The `veilleur` program."""
    app(prog_name="veilleur")


def _fail(message: str, status: int) -> None:
    typer.echo(f"veilleur: {message}", err=True)
    sys.exit(status)
