"""Alive, ready, and what is not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from services.contracts.errors import RetryableError
from services.kit import observation
from services.kit.context import Kit
from services.kit.database import Database
from services.kit.http import create_app
from services.kit.runtime import Runtime, Service


class Flaky:
    """A worker that fails when told."""

    name = "flaky"

    def __init__(self) -> None:
        self.failing = False
        self.ran = asyncio.Event()

    async def run_once(self, *, wait: float) -> bool:
        self.ran.set()
        if self.failing:
            raise RetryableError("postgresql://me:hunter2@db is away")
        await asyncio.Event().wait()
        return True

    async def close(self) -> None: ...


def browser(app) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://veilleur.test")


def away(kit: Kit) -> Kit:
    database = Database("postgresql://nobody@127.0.0.1:1/none")
    return replace(kit, database=database)


async def test_health_and_readiness_need_no_token(kit) -> None:
    async with browser(create_app(kit, [])) as client:
        assert (await client.get("/healthz")).json() == {"status": "alive"}
        assert (await client.get("/readyz")).json() == {"status": "ready", "checks": ["bus", "database"]}


async def test_without_a_database_it_is_alive_and_not_ready_and_says_so(kit) -> None:
    async with browser(create_app(away(kit), [])) as client:
        assert (await client.get("/healthz")).status_code == 200
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert ready.headers["content-type"] == "application/problem+json"
        assert ready.json()["checks"]["database"] == "away"
        assert "database: away" in ready.json()["detail"]
        figures = await client.get("/metrics")
        assert "veilleur_observed 0.0" in figures.text
        refused = await client.get("/api/v1/tokens", headers={"Authorization": "Bearer vlr_x"})
        assert refused.status_code == 503
        assert "retry-after" in refused.headers


async def test_a_database_at_another_revision_is_not_ready(kit) -> None:
    async with kit.database.transaction() as tx:
        await tx.execute(text("UPDATE alembic_version SET version_num = '0001_bus'"))
    async with browser(create_app(kit, [])) as client:
        ready = await client.get("/readyz")
    assert ready.status_code == 503
    assert "0001_bus" in ready.json()["checks"]["database"]


async def test_a_check_that_does_not_answer_is_not_ready(kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observation, "PATIENCE", 0.05)

    async def hangs() -> Mapping[str, str | None]:
        await asyncio.Event().wait()
        return {}

    async with browser(create_app(kit, [], readiness=hangs)) as client:
        ready = await client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["checks"]["process"] == "no answer within 0.05 s"


async def test_named_checks_of_the_process_are_told(kit) -> None:
    async def checks() -> Mapping[str, str | None]:
        return {"provider": "no credit left", "disk": None}

    async with browser(create_app(kit, [], readiness=checks)) as client:
        ready = await client.get("/readyz")
    assert ready.json()["checks"] == {"provider": "no credit left"}


async def test_a_failing_worker_is_named_without_its_error(kit) -> None:
    worker = Flaky()
    runtime = Runtime([Service("shop", workers=[worker])], bus=kit.bus, clock=kit.clock)
    worker.failing = True
    stop = asyncio.Event()
    async with browser(create_app(kit, [], runtime=runtime)) as client:
        assert (await client.get("/readyz")).status_code == 200
        running = asyncio.create_task(runtime.run(stop))
        await worker.ran.wait()
        while not runtime.states["flaky"].failures:
            await asyncio.wait({running}, timeout=0.01)
        ready = await client.get("/readyz")
        figures = await client.get("/metrics")
        stop.set()
        await running
    assert ready.status_code == 503
    assert list(ready.json()["checks"]) == ["worker flaky"]
    assert "hunter2" not in ready.text
    failures = [
        sample.value
        for family in text_string_to_metric_families(figures.text)
        for sample in family.samples
        if sample.name == "veilleur_worker_failures_in_a_row" and sample.labels == {"worker": "flaky"}
    ]
    assert failures[0] >= 1


async def test_a_worker_that_hangs_is_not_ready(kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connection died without a word: nothing fails, and nothing is done any more."""
    monkeypatch.setattr(observation, "STUCK", 0.0)
    worker, stop = Hanging(), asyncio.Event()
    runtime = Runtime([Service("shop", workers=[worker])], bus=kit.bus, clock=kit.clock)
    async with browser(create_app(kit, [], runtime=runtime)) as client:
        running = asyncio.create_task(runtime.run(stop))
        await worker.ran.wait()
        ready = await client.get("/readyz")
        figures = await client.get("/metrics")
        stop.set()
        worker.back.set()
        await running
        assert (await client.get("/readyz")).status_code == 200
    assert ready.json()["checks"] == {"worker hanging": "at the same thing for more than 0 s"}
    assert 'veilleur_worker_busy_seconds{worker="hanging"}' in figures.text


async def test_a_consumer_far_behind_is_not_ready(kit, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = Runtime([], bus=kit.bus, clock=kit.clock)

    async def lags() -> Mapping[str, int]:
        return {"rules-mentions": observation.MOST_LAG + 1, "notify-alerts": observation.MOST_LAG}

    monkeypatch.setattr(runtime, "lags", lags)
    async with browser(create_app(kit, [], runtime=runtime)) as client:
        ready = await client.get("/readyz")
        figures = await client.get("/metrics")
    assert ready.json()["checks"] == {"lag": f"behind: rules-mentions by {observation.MOST_LAG + 1} records"}
    assert 'veilleur_consumer_lag_records{group="notify-alerts"} 20000.0' in figures.text


async def test_outboxes_and_dead_letters_are_counted(kit) -> None:
    async with kit.database.transaction() as tx:
        await tx.execute(
            text(
                """
                INSERT INTO rules.outbox (topic, key, compaction_key, value, headers)
                SELECT 'alerts.v1', 'acme', 'acme', '', '{}' FROM generate_series(1, 3)
                """
            )
        )
        await tx.execute(text("UPDATE rules.outbox SET number = 1 WHERE position = 1"))
        await tx.execute(
            text(
                """
                INSERT INTO kit.dead_letters
                    (id, group_name, topic, partition, "offset", key, value, headers, published_at, error, failed_at)
                VALUES (gen_random_uuid(), 'g', 't', 0, 1, 'acme', '', '{}', now(), 'e', now())
                """
            )
        )
    async with browser(create_app(kit, [Service("rules"), Service("nothing")])) as client:
        figures = (await client.get("/metrics")).text
    assert 'veilleur_outbox_waiting_events{schema="rules"} 2.0' in figures
    assert 'veilleur_dead_letters{group="g",state="dead"} 1.0' in figures
    assert "veilleur_observed 1.0" in figures


class Hanging:
    """A worker that comes back when it is told to."""

    name = "hanging"

    def __init__(self) -> None:
        self.ran, self.back = asyncio.Event(), asyncio.Event()

    async def run_once(self, *, wait: float) -> bool:
        del wait
        self.ran.set()
        await self.back.wait()
        return False

    async def close(self) -> None:
        return
