"""Letting a wired process run: HTTP, workers and signals, from the first request to a drained end."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from services.compose.wiring import Postgres, Process
from services.contracts.errors import PermanentError

_DRAIN_SECONDS = 10
"""How long requests in hand may take to finish once we are told to stop."""


class PortTakenError(PermanentError):
    """We cannot listen where we were told to."""


class PostgresEndedError(PermanentError):
    """The embedded PostgreSQL ended while it was needed."""


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """A listening socket on `host` and `port` (0 for any free one), for before anything slow begins.

    Raises:
        PortTakenError: Another program has it, or the address is not this machine's.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise PortTakenError(f"'{host}' is not an address to listen on: {error.strerror}.") from error
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as listener:
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            # Only listening makes a second program fail at once; whoever connects early waits until we are up.
            listener.listen(1024)
        except OSError as error:
            raise PortTakenError(
                f"Port {port} on {host} cannot be used ({error.strerror}): stop what uses it, or choose another --port."
            ) from error
        yield listener


@contextmanager
def stopped_by_signals(stop: asyncio.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set `stop`. A second one ends the process the hard way: somebody is in a hurry."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)

    def heard() -> None:
        stop.set()
        for number in signals:
            loop.remove_signal_handler(number)

    for number in signals:
        loop.add_signal_handler(number, heard)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


async def serve(
    process: Process,
    listener: socket.socket,
    stop: asyncio.Event,
    *,
    started: Callable[[], None] | None = None,
    postgres: Postgres | None = None,
) -> None:
    """Serve HTTP and run the workers until `stop` is set; then accept nothing new and finish what is in hand.

    Args:
        process: What to run.
        listener: Where HTTP is served.
        stop: Ends it when set; is set when any part of it ends by itself.
        started: Called once HTTP answers.
        postgres: Watched if it is embedded: without it, staying up would only look alive.

    Raises:
        PostgresEndedError: The embedded server ended by itself.
    """
    server = _Server(process, started)
    parts: list[Coroutine[Any, Any, None]] = [server.serve(sockets=[listener]), process.runtime.run(stop)]
    if postgres is not None and postgres.embedded is not None:
        parts.append(_watch(postgres.embedded.wait, stop))
    tasks = [asyncio.create_task(part) for part in parts]
    told = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([*tasks, told], return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        server.should_exit = True
        await asyncio.wait(tasks)
    finally:
        for task in (*tasks, told):
            task.cancel()
    for task in tasks:
        task.result()


async def _watch(wait: Callable[[], int], stop: asyncio.Event) -> None:
    """Return once `stop` is set; fail if the database server ends before."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()

    def report(status: int) -> None:
        if not ended.done():
            ended.set_result(status)

    def look() -> None:
        status = wait()
        # The loop may be gone when the server is stopped in good order.
        if not loop.is_closed():
            loop.call_soon_threadsafe(report, status)

    threading.Thread(target=look, name="postgres-watch", daemon=True).start()
    told = asyncio.create_task(stop.wait())
    try:
        both: list[asyncio.Future[Any]] = [ended, told]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()
    if ended.done() and not stop.is_set():
        raise PostgresEndedError(
            f"The embedded PostgreSQL ended by itself (status {ended.result()}). What was committed is safe: "
            "see postgres.log in the data directory, and start again."
        )


class _Server(uvicorn.Server):
    """uvicorn that leaves signals to the process and says when it answers."""

    def __init__(self, process: Process, started: Callable[[], None] | None) -> None:
        # Logging is configured already; requests are logged by the app itself, with the principal and the outcome.
        super().__init__(
            uvicorn.Config(
                process.app,
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=_DRAIN_SECONDS,
            )
        )
        self._announce = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, then say so."""
        await super().startup(sockets)
        if self._announce is not None:
            self._announce()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do not: see `stopped_by_signals`."""
        yield
