"""A web of strangers on this machine, and ingest on a real database and bus."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest

from services.contracts.codec import decode
from services.contracts.topics import Topic
from services.ingest.settings import IngestSettings


@dataclass
class Asked:
    """A request as the server got it: its path, and its headers in lower case."""

    path: str
    headers: dict[str, str]


Reply = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Web:
    """A web server whose pages misbehave as told. `asked` is what came in, in order."""

    port: int = 0
    pages: dict[str, Reply] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def url(self, path: str, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def page(self, path: str, body: bytes | str = b"", *, status: int = 200, **headers: str) -> None:
        """Answer `path` with `body` from now on."""
        raw = body.encode() if isinstance(body, str) else body
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]

        async def reply(_asked: Asked, writer: asyncio.StreamWriter) -> None:
            head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(raw)}", "Connection: close", *lines]
            writer.write("\r\n".join([*head, "", ""]).encode() + raw)
            await writer.drain()

        self.pages[path] = reply

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (h.partition(":") for h in head[1:] if h)
            }
            asked = Asked(head[0].split()[1], headers)
            self.asked.append(asked)
            await self.pages[asked.path](asked, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # the client hung up, which is what some tests are about
        finally:
            writer.close()


@pytest.fixture
async def serve_web():
    """`await serve_web(tls)`: a server of its own, gone after the test."""
    async with AsyncExitStack() as stack:

        async def serve(tls: ssl.SSLContext | None = None) -> Web:
            web = Web()
            server = await asyncio.start_server(web.serve, "127.0.0.1", 0, ssl=tls)
            stack.push_async_callback(server.wait_closed)
            stack.callback(server.close)
            web.port = server.sockets[0].getsockname()[1]
            return web

        yield serve


@pytest.fixture
async def web(serve_web) -> Web:
    """One server."""
    return await serve_web()


@pytest.fixture
def settings() -> IngestSettings:
    """The loopback may be read here, and nothing else that is private."""
    return IngestSettings(
        allow_hosts=frozenset({"127.0.0.1"}), poll_timeout_seconds=5, poll_max_bytes=100_000
    )


@pytest.fixture
def read_topic(kit):
    """`await read_topic(topic)`: every event of a topic from its beginning, oldest first within a partition."""

    async def read(topic: Topic):
        async def from_the_beginning(partitions):
            return dict.fromkeys(partitions, 0)

        subscription = await kit.bus.subscribe([topic], group="test-reader", assigned=from_the_beginning)
        try:
            expected = sum((await kit.bus.ends(topic)).values())
            found = []
            while len(found) < expected:
                polled = await subscription.poll(limit=1_000, wait=1)
                found += [record for records in polled.values() for record in records]
            return [decode(record.value).event for record in found]
        finally:
            await subscription.close()

    return read
