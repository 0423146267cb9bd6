"""A process with every service, and the browser of somebody who looks at it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import event

import services.console.service
import services.ingest.service
import services.notify.service
import services.rules.service
from services.kit.auth import issue_token
from services.kit.clock import ManualClock
from services.kit.context import Kit
from services.kit.http import create_app
from services.kit.runtime import Runtime
from services.notify.settings.delivery import DeliverySettings

SANDBOX = DeliverySettings(email_url="sandbox://", sms_url="sandbox://")  # type: ignore[arg-type]
WEEK = [{"days": [1, 2, 3, 4, 5], "start": "09:00", "end": "18:00"}]


@dataclass(frozen=True)
class House:
    """Everything in one process. `api` is an admin, `browser` sends a viewer's token as a password."""

    kit: Kit
    clock: ManualClock
    runtime: Runtime
    api: httpx.AsyncClient
    browser: httpx.AsyncClient

    async def make(self, path: str, **document: Any) -> dict[str, Any]:
        answer = await self.api.post(path, json=document)
        assert answer.status_code in (200, 201, 202), answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def furnish(self) -> None:
        """A brand whose team works office hours, and Alice on call, then Bruno."""
        await self.make("brands", id="lacombe", name="Maison Lacombe")
        await self.make("watches", brand="lacombe", name="Lacombe", query="lacombe")
        await self.make("coverage", id="lacombe", brand="lacombe", windows=WEEK)
        for name in ("Alice", "Bruno"):
            contact = {"kind": "sms", "address": "+33612345678"}
            await self.make("responders", id=name.lower(), name=name, contacts=[contact])
        rotation = {"responders": ["alice"], "starts_on": "2026-03-02", "handoff": "09:00"}
        await self.make("schedules", id="nights", name="Nights", rotation=rotation)
        first, second = {"kind": "schedule", "id": "nights"}, {"kind": "responder", "id": "bruno"}
        steps = [{"targets": [first]}, {"after_minutes": 8, "targets": [second]}]
        await self.make("policies", name="Night", steps=steps)
        await self.runtime.settle()

    async def see(self, path: str = "/") -> str:
        answer = await self.browser.get(path)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        return answer.text

    @contextmanager
    def counted(self) -> Iterator[list[str]]:
        """Every statement that reaches the database meanwhile."""
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        engine = self.kit.database.engine.sync_engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", note)


MakeHouse = Callable[..., Awaitable[House]]


@pytest.fixture
async def make_house(kit: Kit, clock: ManualClock) -> AsyncIterator[MakeHouse]:
    """`await make_house(language="en")`: the process; closed after the test."""
    async with AsyncExitStack() as stack:

        async def make(*, language: str = "en", delivery: DeliverySettings = SANDBOX) -> House:
            settings = kit.settings.model_copy(update={"language": language})
            spoken = Kit(settings, kit.database, kit.bus, clock, kit.secrets)
            wired = [
                services.ingest.service.build(spoken),
                services.rules.service.build(spoken),
                services.notify.service.build(spoken, delivery=delivery),
                services.console.service.build(spoken, delivery=delivery),
            ]
            runtime = Runtime(wired, bus=kit.bus, clock=clock)
            stack.push_async_callback(runtime.close)
            await runtime.settle()
            app = create_app(spoken, wired, runtime=runtime)

            async def client(url: str, name: str, role: str, *, basic: bool) -> httpx.AsyncClient:
                async with kit.database.transaction() as tx:
                    token = await issue_token(tx, name=name, role=role, at=clock.now())
                headers = {} if basic else {"Authorization": f"Bearer {token}"}
                auth = ("token", token) if basic else None
                transport = httpx.ASGITransport(app=app)
                made = httpx.AsyncClient(transport=transport, base_url=url, headers=headers, auth=auth)
                return await stack.enter_async_context(made)

            url = settings.public_url
            return House(
                spoken,
                clock,
                runtime,
                await client(f"{url}/api/v1/", "ops", "admin", basic=False),
                await client(url, "reader", "viewer", basic=True),
            )

        yield make


@pytest.fixture
async def house(make_house: MakeHouse) -> House:
    return await make_house()
