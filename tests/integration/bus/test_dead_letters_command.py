"""`veilleur dead-letters list | retry`, on the database of an installation."""

from __future__ import annotations

import asyncio
import json

import pytest
import typer
from typer.testing import CliRunner

from services.cli import dead_letters
from services.contracts.errors import PermanentError

COMMAND = "dead-letters"


@pytest.fixture
def run(database_url, monkeypatch):
    monkeypatch.setenv("VEILLEUR_DATABASE_URL", database_url)
    monkeypatch.setenv("VEILLEUR_SECRET_KEY", "a key for tests only, known to everybody")
    monkeypatch.setenv("COLUMNS", "400")

    app = typer.Typer()
    dead_letters.register(app)

    async def invoke(*arguments):
        # The command runs an event loop of its own, as it does in a terminal.
        return await asyncio.to_thread(CliRunner().invoke, app, [COMMAND, *arguments])

    return invoke


@pytest.fixture
async def buried(world):
    """A group that buried two of three messages, and mends itself when told."""
    consumer_fails = [True]
    record = world.recording()

    async def handle(tx, received):
        if consumer_fails and any(one.event.revision > 1 for one in received):
            raise PermanentError("no such brand in the books")
        await record(tx, received)

    await world.publish({"acme": 3})
    consumer = world.consumer(handle=handle)
    await consumer.run_once(wait=5)
    return consumer, consumer_fails


async def test_letters_are_listed_for_people_and_for_machines(buried, run):
    shown = await run("list")
    assert shown.exit_code == 0
    assert shown.stdout.count("no such brand in the books") == 2
    machine = await run("list", "--json", "--group", "group", "--state", "dead")
    letters = [json.loads(line) for line in machine.stdout.splitlines()]
    assert [letter["key"] for letter in letters] == ["acme", "acme"]
    assert {letter["attempts"] for letter in letters} == {1}
    assert json.loads(letters[0]["value"])["type"] == "brand-defined"
    assert (await run("list", "--group", "another")).stdout == "There are no dead letters.\n"


async def test_a_named_letter_is_handled_again_by_the_running_consumer(buried, run, world):
    consumer, fails = buried
    fails.clear()
    first = json.loads((await run("list", "--json", "--limit", "1")).stdout)["id"]
    asked = await run("retry", first)
    assert (asked.exit_code, asked.stdout) == (0, "1 dead letter will be handled again.\n")
    await world.drive(consumer, until=world.did({"acme": 2}))
    assert len(await world.effects()) == 2
    again = await run("retry", first)
    assert again.exit_code == 1, "it is not dead any more"


async def test_all_letters_are_handled_again(buried, run, world):
    consumer, fails = buried
    fails.clear()
    assert (await run("retry", "--all")).stdout == "2 dead letters will be handled again.\n"
    await world.drive(consumer, until=world.did({"acme": 3}))
    assert sorted(await world.effects()) == [("acme", 1), ("acme", 2), ("acme", 3)]


async def test_retrying_nothing_in_particular_is_refused(run):
    assert (await run("retry")).exit_code == 2
