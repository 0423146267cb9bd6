"""What is true of every route: who may use it, how errors look, what is logged, counted and limited."""

from __future__ import annotations

import json
import logging
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Form, Request
from prometheus_client.parser import text_string_to_metric_families
from pydantic import BaseModel

from services.contracts.errors import ConflictError, Fault, InvalidError, NotFoundError, RetryableError
from services.kit.auth import Principal, issue_token, public, requires
from services.kit.edge import csp_nonce
from services.kit.http import create_app
from services.kit.problems import ProblemError
from services.kit.runtime import Service

ERRORS: dict[str, Exception] = {
    "invalid": InvalidError(Fault("steps[1]", "Bad.", "Mend it.")),
    "missing": NotFoundError("rule", "x"),
    "conflict": ConflictError("It is taken."),
    "away": RetryableError("postgresql://me:hunter2@db is away"),
    "teapot": ProblemError(418, "A teapot.", headers={"X-Tea": "green"}),
    "bug": RuntimeError("secret detail"),
}


class Thing(BaseModel):
    name: str
    number: int = 0


def shop() -> Service:
    router = APIRouter()

    @router.get("/things/{id}")
    async def read(
        id: str,  # noqa: A002
        principal: Annotated[Principal, requires("things:read")],
    ) -> dict[str, str]:
        return {"id": id, "who": principal.name}

    @router.post("/things", dependencies=[requires("things:write")])
    async def write(thing: Thing) -> Thing:
        return thing

    @router.post("/form", dependencies=[requires("things:write")])
    async def form(name: Annotated[str, Form()]) -> str:
        return name

    @router.get("/errors/{kind}", dependencies=[public("a test")])
    async def fail(kind: str) -> None:
        raise ERRORS[kind]

    return Service("shop", routers=[router])


@pytest.fixture
async def client(make_client) -> httpx.AsyncClient:
    return await make_client([shop()])


def is_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["instance"] == f"urn:request:{response.headers['x-request-id']}"
    return body


def test_a_route_that_does_not_say_who_may_use_it_does_not_start(kit) -> None:
    inner, outer = APIRouter(), APIRouter(prefix="/outer")

    @inner.get("/open")
    async def forgotten() -> None: ...

    outer.include_router(inner)
    with pytest.raises(TypeError, match=r"GET /api/v1/outer/open"):
        create_app(kit, [Service("shop", routers=[outer])])


def test_a_permission_on_a_router_covers_its_routes(kit) -> None:
    router = APIRouter(dependencies=[requires("things:read")])

    @router.get("/covered")
    async def covered() -> None: ...

    document = create_app(kit, [Service("shop", routers=[router])]).openapi()
    assert document["paths"]["/api/v1/covered"]["get"]["x-permission"] == "things:read"


async def test_errors_are_problems(client: httpx.AsyncClient) -> None:
    invalid = is_problem(await client.get("/api/v1/errors/invalid"), 422)
    assert invalid["errors"] == [{"field": "steps[1]", "problem": "Bad.", "fix": "Mend it."}]
    assert is_problem(await client.get("/api/v1/errors/missing"), 404)["detail"] == "There is no rule 'x'."
    assert is_problem(await client.get("/api/v1/errors/conflict"), 409)["detail"] == "It is taken."
    away = await client.get("/api/v1/errors/away")
    assert "hunter2" not in str(is_problem(away, 503))
    assert int(away.headers["retry-after"]) > 0
    teapot = await client.get("/api/v1/errors/teapot")
    assert is_problem(teapot, 418)["detail"] == "A teapot."
    assert teapot.headers["x-tea"] == "green"


async def test_a_bug_is_logged_in_full_and_told_by_its_request_only(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = await client.get("/api/v1/errors/bug")
    assert "secret detail" not in str(is_problem(response, 500))
    assert response.headers["x-frame-options"] == "DENY"
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "secret detail" in str(record.exc_info)


async def test_unknown_paths_and_methods_are_problems(client: httpx.AsyncClient) -> None:
    is_problem(await client.get("/nowhere"), 404)
    is_problem(await client.get("/api/v1/things/"), 404)
    refused = await client.put("/api/v1/things")
    is_problem(refused, 405)
    assert refused.headers["allow"] == "POST"


async def test_no_page_loads_from_elsewhere(client: httpx.AsyncClient) -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        is_problem(await client.get(path), 404)


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b'{"name": 3}', "name"),
        (b"{}", "name"),
        (b'{"name": "a\\u0000b"}', "name"),
        (b'{"name": "\\udfff"}', "name"),
        (b'{"name": "a", "number": 9223372036854775808}', "number"),
        (b'{"name": "a", "number": NaN}', "number"),
        (b'{"name"', ""),
        (b"", ""),
    ],
)
async def test_what_cannot_be_kept_is_422_with_its_place(
    client: httpx.AsyncClient, content: bytes, field: str
) -> None:
    sent = await client.post("/api/v1/things", content=content, headers={"Content-Type": "application/json"})
    body = is_problem(sent, 422)
    assert body["errors"][0]["field"] == field
    assert body["errors"][0]["fix"]


async def test_nul_in_addresses_and_forms_is_422(client: httpx.AsyncClient) -> None:
    is_problem(await client.get("/api/v1/things/a%00b"), 422)
    is_problem(await client.get("/api/v1/audit?actor=%00"), 422)
    is_problem(await client.post("/api/v1/form", data={"name": "a\x00"}), 422)
    assert (await client.post("/api/v1/form", data={"name": "a"})).json() == "a"


async def test_bytes_that_are_no_text_are_400(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}
    is_problem(await client.post("/api/v1/things", content=b'{"name": "\xff"}', headers=headers), 400)


async def test_a_body_over_the_limit_is_413_whether_it_says_so_or_not(client: httpx.AsyncClient, kit) -> None:
    limit = kit.settings.max_body_bytes
    headers = {"Content-Type": "application/json"}
    is_problem(await client.post("/api/v1/things", content=b"x" * (limit + 1), headers=headers), 413)

    async def chunks():
        for _ in range(limit // 2**20 + 1):
            yield b" " * 2**20

    is_problem(await client.post("/api/v1/things", content=chunks(), headers=headers), 413)


async def test_a_body_in_chunks_arrives_whole(client: httpx.AsyncClient) -> None:
    async def chunks():
        yield b'{"name":'
        yield b' "acme"}'

    sent = await client.post("/api/v1/things", content=chunks(), headers={"Content-Type": "application/json"})
    assert sent.json() == {"name": "acme", "number": 0}


async def test_every_answer_has_the_security_headers(client: httpx.AsyncClient) -> None:
    nonces = set()
    for path in ("/healthz", "/nowhere", "/api/v1/errors/bug", "/api/v1/things/x"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-inline" not in policy
        nonces.add(policy.partition("'nonce-")[2].partition("'")[0])
    assert len(nonces) == 4


async def test_a_request_id_is_kept_if_it_is_one(client: httpx.AsyncClient) -> None:
    given = await client.get("/healthz", headers={"X-Request-ID": "from-the-proxy.7"})
    assert given.headers["x-request-id"] == "from-the-proxy.7"
    made = await client.get("/healthz", headers={"X-Request-ID": "evil id\twith blanks"})
    assert len(made.headers["x-request-id"]) == 32


async def test_the_access_line_tells_the_route_and_not_the_path(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="veilleur.access"):
        await client.get("/api/v1/things/a-signed-secret", headers={"X-Request-ID": "r1"})
    (record,) = [record for record in caplog.records if record.name == "veilleur.access"]
    assert record.getMessage() == "GET /api/v1/things/{id} 200"
    assert "a-signed-secret" not in json.dumps(record.__dict__, default=str)


def figures(exposition: str, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
        if sample.name == name
    }


async def test_answers_are_counted_by_route_template_and_per_application(
    kit, client: httpx.AsyncClient
) -> None:
    for name in "abc":
        await client.get(f"/api/v1/things/{name}")
    for name in "de":
        await client.get(f"/nowhere/{name}")
    await client.request("BREW", "/nowhere")
    counts = figures((await client.get("/metrics")).text, "veilleur_http_request_seconds_count")
    assert counts["GET", "/api/v1/things/{id}", "200"] == 3
    assert counts["GET", "unknown", "404"] == 2
    assert counts["other", "unknown", "404"] == 1

    transport = httpx.ASGITransport(app=create_app(kit, []))
    async with httpx.AsyncClient(transport=transport, base_url="http://veilleur.test") as second:
        exposition = (await second.get("/metrics")).text
    assert figures(exposition, "veilleur_http_request_seconds_count") == {}
    assert figures(exposition, "veilleur_observed") == {(): 1}


async def test_the_document_tells_what_every_route_may_answer(client: httpx.AsyncClient) -> None:
    document = (await client.get("/api/v1/openapi.json")).json()
    operation = document["paths"]["/api/v1/things"]["post"]
    assert operation["security"] == [{"bearer": []}, {"browser": []}]
    assert {"200", "400", "401", "403", "409", "413", "422", "503"} == set(operation["responses"])
    assert list(operation["responses"]["422"]["content"]) == ["application/problem+json"]
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert "security" not in document["paths"]["/healthz"]["get"]


async def test_a_page_may_use_its_own_nonce(kit) -> None:
    router = APIRouter()

    @router.get("/p/{token}", dependencies=[public("signed link")])
    async def page(token: str, request: Request) -> str:
        return csp_nonce(request)

    transport = httpx.ASGITransport(app=create_app(kit, [Service("shop", pages=[router])]))
    async with httpx.AsyncClient(transport=transport, base_url="http://veilleur.test") as browser:
        response = await browser.get("/p/x")
    assert f"style-src 'nonce-{response.json()}'" in response.headers["content-security-policy"]


async def test_a_token_of_a_role_is_held_to_it(kit, make_client) -> None:
    viewer = await make_client([shop()], role="viewer")
    assert (await viewer.get("/api/v1/things/x")).status_code == 200
    refused = is_problem(await viewer.post("/api/v1/things", json={"name": "a"}), 403)
    assert "things:write" in refused["detail"]
    async with kit.database.transaction() as tx:
        token = await issue_token(tx, name="push", permissions=["things:write"], at=kit.clock.now())
    headers = {"Authorization": f"Bearer {token}"}
    assert (await viewer.post("/api/v1/things", json={"name": "a"}, headers=headers)).status_code == 200
    is_problem(await viewer.get("/api/v1/things/x", headers=headers), 403)
