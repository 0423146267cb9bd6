"""The API does what its document says: every route, with good and bad input, against a real server and database.

Schemathesis makes the requests from the document. What it cannot guess (ids of what exists, a valid CEL expression)
it is told, so that each route's good answers are compared with the document too, and not only its refusals.
VEILLEUR_TEST_EXAMPLES is how many requests it makes up per route; a long night deserves more than the default.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from services.compose import Process, open_process
from services.kit.auth import issue_token
from services.notify.handlers.sign_link import link_to

# Read here: a fixture of the session takes every VEILLEUR_* away from the tests.
EXAMPLES = int(os.environ.get("VEILLEUR_TEST_EXAMPLES", "5"))
SEED = 20260307
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
HOOKS = Path(__file__).parents[1] / "fixtures" / "openapi"
API = "/api/v1"
SUNDAY_EVENING = datetime(2026, 3, 8, 20, tzinfo=UTC)
MONDAY_MORNING = datetime(2026, 3, 9, 8, 5, tzinfo=UTC)

# One document of each kind that ops edit, in the order in which they need one another.
EDITED: Mapping[str, dict[str, Any]] = {
    "brands": {"id": "acme", "name": "Acme"},
    "watches": {"id": "acme", "brand": "acme", "name": "Acme", "query": "acme"},
    "sources": {
        "id": "acme",
        "brand": "acme",
        "name": "Press",
        "url": "https://feeds.invalid/rss",
        "enabled": False,
    },
    "rules": {"id": "acme", "brand": "acme", "name": "Danger", "severity": "critical", "when": "risk >= 0"},
    "coverage": {
        "id": "acme",
        "brand": "acme",
        "windows": [{"days": [1, 2, 3, 4, 5], "start": "09:00", "end": "18:00"}],
    },
    "responders": {
        "id": "acme",
        "name": "Alice",
        "contacts": [{"kind": "email", "address": "alice@example.org"}],
    },
    "schedules": {
        "id": "acme",
        "name": "On call",
        "rotation": {"responders": ["acme"], "starts_on": "2026-03-02", "handoff": "09:00"},
    },
    "policies": {"id": "acme", "name": "Wake", "steps": [{"targets": [{"kind": "schedule", "id": "acme"}]}]},
    "teams": {
        "id": "acme",
        "brand": "acme",
        "name": "Team",
        "contacts": [{"kind": "email", "address": "team@example.org"}],
    },
}


@dataclass(frozen=True)
class Run:
    """What a run of Schemathesis said, and what the server answered: statuses by method and route."""

    code: int
    output: str
    operations: frozenset[tuple[str, str]]
    answers: Mapping[tuple[str, str], set[int]]


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The address of a real server: what HTTP itself refuses is part of the test."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none"))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
        listener.close()


async def furnished(client: httpx.AsyncClient, process: Process) -> dict[str, dict[str, Any]]:
    """Put one of everything into the database, and return what Schemathesis is told of it, by operation."""
    known: dict[str, dict[str, Any]] = {}
    for path, document in EDITED.items():
        for identifier in ("acme", "spare"):  # one to work on, one to delete
            made = await client.post(f"{API}/{path}", json=_renamed(document, identifier))
            assert made.status_code == 201, made.text
        known[f"POST {API}/{path}"] = {
            "body": {name: value for name, value in document.items() if name != "id"}
        }
        known[f"PUT {API}/{path}/{{id}}"] = {
            "path": {"id": "acme"},
            "headers": {"If-Match": "*"},
            "body": document,
        }
        known[f"DELETE {API}/{path}/{{id}}"] = {"path": {"id": "spare"}, "headers": {"If-Match": "*"}}
        for below in ("", "/versions"):
            known[f"GET {API}/{path}/{{id}}{below}"] = {"path": {"id": "acme"}}
    process.kit.clock.move_to(SUNDAY_EVENING)  # type: ignore[attr-defined]
    mention = {"text": "Acme, quelle honte, boycott !"}
    assert (await client.post(f"{API}/mentions", json=mention)).status_code == 202
    raised = await client.post(
        f"{API}/alerts", json={"brand": "acme", "headline": "A fire", "severity": "critical"}
    )
    assert raised.status_code == 201, raised.text
    await process.runtime.settle()
    process.kit.clock.move_to(MONDAY_MORNING)  # type: ignore[attr-defined]
    await process.runtime.settle()
    return known | await found(client, process, mention)


async def found(
    client: httpx.AsyncClient, process: Process, mention: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """What Schemathesis is told of that the product made by itself."""

    async def first(path: str) -> dict[str, Any]:
        items = (await client.get(f"{API}/{path}")).json()["items"]
        assert items, f"nothing in /{path}"
        return items[0]

    alert, page, handover, seen = [await first(path) for path in ("alerts", "pages", "handovers", "mentions")]
    link = link_to(process.kit, UUID(page["id"]), at=process.kit.clock.now()).rpartition("/")[2]
    rule = {name: value for name, value in EDITED["rules"].items() if name != "id"}
    one: dict[str, dict[str, Any]] = {
        f"POST {API}/mentions": {"body": mention},
        f"GET {API}/mentions/{{mention_id}}": {"path": {"mention_id": seen["mention"]["mention_id"]}},
        f"GET {API}/pages/{{id}}": {"path": {"id": page["id"]}},
        f"GET {API}/handovers/{{id}}": {"path": {"id": handover["id"]}},
        f"GET {API}/coverage/{{brand}}/at": {"path": {"brand": "acme"}},
        f"GET {API}/schedules/{{id}}/on-call": {"path": {"id": "acme"}},
        f"GET {API}/rules/{{rule_id}}/health": {"path": {"rule_id": "acme"}},
        f"GET {API}/sources/{{id}}/health": {"path": {"id": "acme"}},
        f"POST {API}/sources/{{id}}/poll": {"path": {"id": "acme"}},
        f"POST {API}/responders/{{id}}/test-page": {"path": {"id": "acme"}},
        f"POST {API}/rules/test": {"body": {"rule": rule, "brand": "acme"}},
        f"POST {API}/watches/test": {"body": {"query": "acme", "texts": ["Acme"]}},
        f"POST {API}/alerts": {"body": {"brand": "acme", "headline": "Another fire"}},
        f"POST {API}/alerts/{{id}}/resolve": {"path": {"id": alert["id"]}, "body": {"verdict": "real"}},
        "GET /a/{alert_id}": {"path": {"alert_id": alert["id"]}},
        "GET /p/{token}": {"path": {"token": link}},
        "POST /p/{token}": {"path": {"token": link}, "body": {"answer": "taken"}},
    }
    alert_paths = (("GET", ""), ("GET", "/timeline"), ("POST", "/acknowledge"), ("POST", "/escalate"))
    return one | {
        f"{verb} {API}/alerts/{{id}}{rest}": {"path": {"id": alert["id"]}} for verb, rest in alert_paths
    }


async def schemathesis(address: str, token: str, known: Mapping[str, Any], folder: Path) -> tuple[int, str]:
    (folder / "known.json").write_text(json.dumps(known), encoding="utf-8")
    command = [
        *(str(Path(sys.executable).with_name("st")), "--config-file", str(HOOKS / "schemathesis.toml")),
        *("run", f"{address}{API}/openapi.json", "--no-color"),
        *("--phases", "examples,coverage,fuzzing", "--mode", "all", "--workers", "2"),
        *("--checks", ",".join(CHECKS), "--seed", str(SEED), "--max-examples", str(EXAMPLES)),
        *("--generation-database", "none", "--suppress-health-check", "all", "--request-timeout", "30"),
        *("--header", f"Authorization: Bearer {token}", "--continue-on-failure", "--no-shrink"),
        *("--warnings", "off"),
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VEILLEUR_")}
    environment |= {"OPENAPI_KNOWN": str(folder / "known.json"), "SCHEMATHESIS_HOOKS": "openapi_hooks"}
    environment |= {"PYTHONPATH": str(HOOKS), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "140"}
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,  # what it leaves behind goes with the test
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


def answers_of(exposition: str) -> Mapping[tuple[str, str], set[int]]:
    """What the server itself counted: a request that never reached a route does not exercise it."""
    answers: dict[tuple[str, str], set[int]] = defaultdict(set)
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            if sample.name == "veilleur_http_request_seconds_count":
                answers[sample.labels["method"], sample.labels["route"]].add(int(sample.labels["status"]))
    return answers


@pytest.fixture
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources may be made up and polled: no name but this machine's own is looked up."""
    look_up = socket.getaddrinfo

    def local_only(host: Any, *rest: Any, **more: Any) -> Any:
        if host not in (None, "127.0.0.1", "localhost"):
            raise socket.gaierror(socket.EAI_NONAME, "names are not looked up here")
        return look_up(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", local_only)


@pytest.fixture
async def run(kit, tmp_path: Path, _no_network: None) -> Run:
    async with kit.database.transaction() as tx:
        token = await issue_token(tx, name="schemathesis", role="admin", at=kit.clock.now())
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        open_process(kit) as process,
        served(process.app) as address,
        httpx.AsyncClient(base_url=address, headers=headers, timeout=30) as client,
    ):
        known = await furnished(client, process)
        code, output = await schemathesis(address, token, known, tmp_path)
        document = (await client.get(f"{API}/openapi.json")).json()["paths"]
        answers = answers_of((await client.get("/metrics")).text)
    operations = frozenset((method.upper(), path) for path, methods in document.items() for method in methods)
    return Run(code, output, operations, answers)


async def test_every_route_does_what_the_document_says(run: Run) -> None:
    assert run.code == 0, run.output
    assert run.operations - set(run.answers) == set(), "never asked"
    crashed = {route for route, statuses in run.answers.items() if any(status >= 500 for status in statuses)}
    assert crashed == set()
    refused = {route for route in run.operations if not any(status < 300 for status in run.answers[route])}
    assert refused == set(), "never answered anything but a refusal"


def _renamed(document: dict[str, Any], identifier: str) -> dict[str, Any]:
    """`document` under another id; a coverage is its brand's, and its brand's name is its id."""
    changed = {**document, "id": identifier}
    if "windows" in document:
        changed["brand"] = identifier
    return changed
