"""`veilleur demo`: four days of a brand that does not exist, through everything that does."""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TextIO

import httpx
import typer
from rich.console import Console

from services.cli.demo.cast import Cast
from services.cli.demo.check import failures
from services.cli.demo.mailbox import Mailbox, open_mailbox
from services.cli.demo.screen import Screen
from services.cli.demo.script import Mention, read_script
from services.cli.demo.show import Show
from services.cli.demo.story import BRAND, BRUNO, END, START, TEAM, documents
from services.cli.simulated.chronicle import Chronicle
from services.cli.simulated.house import House, data_dir_or_temporary, environment_of, open_house
from services.cli.simulated.ops import open_ops
from services.compose import PortTakenError, listen, serve, stopped_by_signals
from services.kit.clock import ManualClock
from services.kit.logs import configure_logging
from services.kit.runtime import Ticker
from services.kit.settings import KitSettings
from services.kit.simulation import Simulation

NAME = "demo"
HOST = "127.0.0.1"
PORT = 8080

Exit = Annotated[
    bool, typer.Option("--exit", help="End by itself; status 0 only if the expected pages went out.")
]
DataDir = Annotated[
    Path | None,
    typer.Option(help="Keep everything here; a demo that was cut goes on.", show_default="a temporary one"),
]
Port = Annotated[
    int | None,
    typer.Option(
        min=0, max=65535, help="Where to look around afterwards.", show_default=f"{PORT}, or a free one"
    ),
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the four days came to."""

    failures: list[str]
    mentions: int
    seconds: float


def demo(*, exit_: Exit = False, data_dir: DataDir = None, port: Port = None) -> None:
    """Watch a written crisis of a fictitious brand: four days in under a minute, then look around."""
    _survive_plain_terminals(sys.stdout)
    configure_logging("WARNING", "text")
    console = Console(highlight=False)
    status = asyncio.run(_demo(console, exit_=exit_, data_dir=data_dir, port=port))
    raise typer.Exit(status)


async def _demo(console: Console, *, exit_: bool, data_dir: Path | None, port: int | None) -> int:
    stop = asyncio.Event()
    with (
        stopped_by_signals(stop),
        _listening(port) as listener,
        data_dir_or_temporary(data_dir) as folder,
    ):
        async with _opened(folder, listener.getsockname()[1]) as (house, mailbox):
            telling = asyncio.create_task(_tell(console, house, mailbox))
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait({telling, stopped}, return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            if not telling.done():
                telling.cancel()
                await asyncio.gather(telling, return_exceptions=True)
                return 1
            outcome = telling.result()
            _conclude(console, outcome)
            if not exit_:
                _invite(console, house, mailbox)
                await serve(house.process, listener, stop, postgres=house.postgres)
    return 1 if outcome.failures else 0


@contextmanager
def _listening(port: int | None) -> Iterator[socket.socket]:
    """On the port that was asked for; else on the usual one; else, if that is taken, on a free one."""
    try:
        with listen(HOST, PORT if port is None else port) as listener:
            yield listener
    except PortTakenError:
        if port is not None:
            raise
        with listen(HOST, 0) as listener:
            yield listener


@asynccontextmanager
async def _opened(folder: Path, port: int) -> AsyncIterator[tuple[House, Mailbox]]:
    clock = ManualClock(START)
    async with open_mailbox(folder / "mailbox", clock) as mailbox:
        environment = {
            "NOTIFY_EMAIL_URL": mailbox.url,
            "NOTIFY_SMS_URL": "sandbox://",
            "NOTIFY_CHAT_URL": "sandbox://",
            "NOTIFY_FALLBACK_URL": "sandbox://fallback",
            "RULES_DEFAULT_RULES": "false",
        }
        with environment_of(environment):
            settings = KitSettings(data_dir=folder, host=HOST, port=port)
            async with open_house(settings, name=NAME, clock=clock) as house:
                yield house, mailbox


async def _tell(console: Console, house: House, mailbox: Mailbox) -> Outcome:
    """The four days."""
    began = time.monotonic()
    kit = house.process.kit
    for document in documents():
        await house.ops.define(document.path, document.id, document.doc)
    chronicle = Chronicle()
    link_client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=house.process.app), base_url=kit.settings.public_url
    )
    async with (
        open_ops(house.process, name=BRUNO.name, role="responder") as bruno,
        open_ops(house.process, name=TEAM, role="responder") as team,
        link_client as browser,
    ):
        with Screen(console) as screen:
            show = Show(kit.bus, screen, chronicle, mailbox, house.ops)
            people = Cast(
                chronicle=chronicle, mailbox=mailbox, ops=house.ops, bruno=bruno, team=team, browser=browser
            )
            watching = Ticker("show", timedelta(seconds=1), show.look, _never)
            simulation: Simulation[Mention] = Simulation(
                name=NAME,
                database=kit.database,
                clock=house.clock,
                runtime=house.process.runtime,
                publish=house.ops.push,
                people=(watching, people.ticker()),
                stepped=show.stepped,
            )
            await simulation.run(read_script(), until=END)
        mentions = len(screen.chart)
    sandbox = await house.ops.all("/sandbox/messages")
    found = failures(chronicle.cases(), mailbox=mailbox, sandbox=sandbox, mentions=mentions)
    return Outcome(found, mentions, time.monotonic() - began)


async def _never(_: object) -> None:
    return None


def _conclude(console: Console, outcome: Outcome) -> None:
    console.print(f"\nFour days, {outcome.mentions} mentions, in {outcome.seconds:.0f} s.")
    for failure in outcome.failures:
        console.print(f"NOT AS EXPECTED: {failure}", style="red", markup=False)
    if not outcome.failures:
        console.print("As expected: Alice, then Bruno, by e-mail and SMS; nobody while the team was there.")


def _invite(console: Console, house: House, mailbox: Mailbox) -> None:
    """How to look around."""
    url, token = house.process.kit.settings.public_url, house.ops.token
    page = mailbox.of(BRUNO.mailbox)
    link = next((word for mail in page for word in mail.text.split() if "/p/" in word), "")
    lines = f"""
Still up for a look around, until Ctrl-C. It is Monday, 9:05, and time stands still.

  API        {url}/api/v1/openapi.json
  mailbox    {mailbox.folder}
  Bruno's    {link}

export TOKEN={token}
curl -H "Authorization: Bearer $TOKEN" "{url}/api/v1/alerts?brand={BRAND}"
curl -H "Authorization: Bearer $TOKEN" {url}/api/v1/pages
curl -H "Authorization: Bearer $TOKEN" {url}/api/v1/sandbox/messages
curl -H "Authorization: Bearer $TOKEN" {url}/api/v1/coverage/{BRAND}/at
"""
    # Not wrapped: what is long is to be copied.
    console.print(lines, markup=False, soft_wrap=True)


def _survive_plain_terminals(stream: TextIO) -> None:
    """A terminal that cannot show a bar shows a question mark instead of ending the demo."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
