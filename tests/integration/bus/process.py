"""A consumer in a process of its own, to be killed. Arguments: database URL, group, then how to open the bus.

Says `handling` on a line of its own from inside each transaction, after the effect. In the first one it then stops
itself, unless the environment has `GO_ON`: whoever started it kills it there, or lets it go on.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress

from sqlalchemy import text

from services.contracts import topics
from services.contracts.errors import RetryableError
from services.kit.clock import SystemClock
from services.kit.consume import Consumer
from services.kit.database import Database
from services.kit.pglog import PgLog

BUSES = {"pglog": lambda database, prefix: PgLog(database, prefix=prefix)}


async def main(url: str, group: str, kind: str, *arguments: str) -> None:
    """Consume for ever."""
    database = Database(url)
    stops = [] if "GO_ON" in os.environ else ["once"]

    async def handle(tx, received):
        rows = [{"group": group, "brand": r.event.brand, "revision": r.event.revision} for r in received]
        await tx.execute(
            text("INSERT INTO effects (consumer, brand, revision) VALUES (:group, :brand, :revision)"), rows
        )
        # The server's patience with whoever stands still in a transaction, shortened for the test.
        await tx.execute(text("SET LOCAL idle_in_transaction_session_timeout = '500ms'"))
        sys.stdout.write("handling\n")
        sys.stdout.flush()
        if stops:
            stops.clear()
            os.kill(os.getpid(), signal.SIGSTOP)

    consumer = Consumer(
        database=database,
        bus=BUSES[kind](database, *arguments),
        clock=SystemClock(),
        group=group,
        topics=[topics.BRANDS],
        schema="rules",
        handle=handle,
        batch=20,
    )
    while True:
        with suppress(RetryableError):
            await consumer.run_once(wait=1)


asyncio.run(main(*sys.argv[1:]))
