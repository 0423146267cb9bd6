"""`kill -9` of a consumer in the middle of handling."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

EXPECTED = {f"brand-{number}": 10 for number in range(6)}


@asynccontextmanager
async def consumer_process(world, **environment):
    """A consumer of the group `group`, killed at the end if it still lives."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("process.py")),
        world.url,
        "group",
        *world.wire.arguments(),
        stdout=asyncio.subprocess.PIPE,
        env=environment,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _says(world, process):
    line = await world.within(process.stdout.readline())
    assert line == b"handling\n", "the process did not get to handling"


async def test_a_consumer_killed_amid_its_transaction_did_nothing_and_its_heir_does_all(world):
    await world.publish(EXPECTED)
    async with consumer_process(world) as process:
        await _says(world, process)
        process.send_signal(signal.SIGKILL)
        await world.within(process.wait())
    died = time.monotonic()
    assert await world.effects() == []
    heir = world.consumer()
    await world.drive(heir, until=world.did(EXPECTED))
    await world.assert_once_in_order(EXPECTED)
    # The dead member's session is gone, and with it its claims: nobody waits for a heartbeat to run out.
    assert time.monotonic() - died < world.wire.takeover


async def test_a_consumer_killed_between_batches_loses_and_repeats_nothing(world):
    await world.publish(EXPECTED)
    async with consumer_process(world, GO_ON="1") as process:
        await _says(world, process)
        await _says(world, process)
        process.send_signal(signal.SIGKILL)
        await world.within(process.wait())
    heir = world.consumer()
    await world.drive(heir, until=world.did(EXPECTED))
    await world.assert_once_in_order(EXPECTED)


async def test_a_stopped_process_loses_its_partitions_and_is_fenced_when_it_wakes(world):
    await world.publish(EXPECTED)
    async with consumer_process(world) as process:
        # It has stopped amid a transaction, whose locks its heir needs.
        await _says(world, process)
        await world.wire.expire()
        heir = world.consumer()
        await world.drive(heir, until=world.did(EXPECTED))
        process.send_signal(signal.SIGCONT)
        await world.publish(EXPECTED, first=11)
        await world.drive(heir, until=world.did(dict.fromkeys(EXPECTED, 20)))
    await world.assert_once_in_order(dict.fromkeys(EXPECTED, 20))
