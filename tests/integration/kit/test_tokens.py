"""Tokens: how they are made, kept, sent, and stop working."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import text

from services.contracts.errors import InvalidError
from services.kit.auth import issue_token

TOKENS = "/api/v1/tokens"


@pytest.fixture
async def admin(make_client) -> httpx.AsyncClient:
    return await make_client([])


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


async def made(admin: httpx.AsyncClient, **draft: object) -> dict[str, str]:
    response = await admin.post(TOKENS, json={"name": "alice", **draft})
    assert response.status_code == 201, response.text
    assert response.headers["location"] == f"{TOKENS}/{response.json()['id']}"
    return response.json()


async def test_a_token_is_shown_once_and_kept_as_a_hash(kit, admin: httpx.AsyncClient) -> None:
    token = (await made(admin, role="viewer"))["token"]
    assert token.startswith("vlr_")
    assert len(base64.urlsafe_b64decode(token[4:] + "=")) == 32
    assert token not in (await admin.get(TOKENS)).text
    assert token not in (await admin.get("/api/v1/audit")).text
    async with kit.database.transaction() as tx:
        rows = (await tx.execute(text("SELECT hash, CAST(t.* AS text) AS whole FROM kit.tokens AS t"))).all()
    assert hashlib.sha256(token.encode()).digest() in {row.hash for row in rows}
    assert all(token not in row.whole for row in rows)


async def test_a_browser_sends_it_as_a_password(admin: httpx.AsyncClient) -> None:
    token = (await made(admin, role="admin"))["token"]
    assert (await admin.get(TOKENS, headers=basic("token", token))).status_code == 200
    assert (await admin.get(TOKENS, headers=basic("alice", token))).status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer vlr_unknown",
        "Bearer nonsense",
        "Basic !!!",
        "Basic " + base64.b64encode(b"\xff\xff").decode(),
        "Basic " + base64.b64encode(b"token").decode(),
        "Digest x",
    ],
)
async def test_without_a_valid_token_there_are_two_challenges(
    admin: httpx.AsyncClient, header: str | None
) -> None:
    del admin.headers["Authorization"]
    response = await admin.get(TOKENS, headers={} if header is None else {"Authorization": header})
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
    challenges = response.headers.get_list("www-authenticate")
    assert [challenge.split()[0] for challenge in challenges] == ["Bearer", "Basic"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://veilleur.test"}, 201),
        ({"Origin": "http://veilleur.test"}, 201),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://evil.veilleur.test"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
async def test_other_sites_may_not_use_a_browsers_stored_token(
    admin: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    token = (await made(admin, role="admin"))["token"]
    draft = {"name": "bob", "role": "viewer"}
    response = await admin.post(TOKENS, json=draft, headers={**basic("token", token), **headers})
    assert response.status_code == status
    # A program that sends its token itself is nobody's victim.
    assert (await admin.post(TOKENS, json=draft, headers={**bearer(token), **headers})).status_code == 201


async def test_a_revoked_token_stops_at_once(admin: httpx.AsyncClient) -> None:
    issued = await made(admin, role="admin")
    place = f"{TOKENS}/{issued['id']}"
    assert (await admin.get(place, headers=bearer(issued["token"]))).status_code == 200
    assert (await admin.delete(place)).status_code == 204
    assert (await admin.get(place, headers=bearer(issued["token"]))).status_code == 401
    first = (await admin.get(place)).json()["revoked_at"]
    assert (await admin.delete(place)).status_code == 204
    assert (await admin.get(place)).json()["revoked_at"] == first
    rows = (await admin.get("/api/v1/audit", params={"identifier": issued["id"]})).json()["items"]
    assert [row["action"] for row in rows] == ["revoke", "create"]


async def test_no_token_revokes_itself(admin: httpx.AsyncClient) -> None:
    issued = await made(admin, role="admin")
    place = f"{TOKENS}/{issued['id']}"
    assert (await admin.delete(place, headers=bearer(issued["token"]))).status_code == 409
    assert (await admin.get(place, headers=bearer(issued["token"]))).status_code == 200


async def test_an_expired_token_stops_by_the_machines_clock(kit, admin: httpx.AsyncClient) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    token = (await made(admin, role="admin", expires_at=soon.isoformat()))["token"]
    kit.clock.advance(days=4000)
    assert (await admin.get(TOKENS, headers=bearer(token))).status_code == 200
    async with kit.database.transaction() as tx:
        expired = await issue_token(
            tx,
            name="old",
            role="admin",
            at=kit.clock.now(),
            expires_at=datetime.now(UTC) - timedelta(seconds=1),
        )
    assert (await admin.get(TOKENS, headers=bearer(expired))).status_code == 401


async def test_use_is_noted_at_most_once_a_minute(kit, admin: httpx.AsyncClient) -> None:
    issued = await made(admin, role="admin")
    assert issued["last_used_at"] is None

    async def used() -> str:
        return (await admin.get(f"{TOKENS}/{issued['id']}", headers=bearer(issued["token"]))).json()[
            "last_used_at"
        ]

    first = await used()
    assert first is not None
    assert await used() == first
    async with kit.database.transaction() as tx:
        await tx.execute(text("UPDATE kit.tokens SET last_used_at = last_used_at - interval '61 seconds'"))
    assert await used() > first


@pytest.mark.parametrize(
    ("held", "draft", "status"),
    [
        (["tokens:write", "mentions:write"], {"permissions": ["mentions:write"]}, 201),
        (["tokens:write", "mentions:*"], {"permissions": ["mentions:write"]}, 201),
        (["tokens:write", "mentions:write"], {"permissions": ["mentions:*"]}, 403),
        (["tokens:write", "mentions:write"], {"permissions": ["rules:write"]}, 403),
        (["tokens:write", "*:*"], {"role": "editor"}, 201),
        (["tokens:write", "*:*"], {"role": "admin"}, 403),
        (["tokens:write"], {"role": "viewer"}, 403),
        (["mentions:write"], {"permissions": ["mentions:write"]}, 403),
    ],
)
async def test_nobody_gives_more_than_they_have(
    kit, admin: httpx.AsyncClient, held: list[str], draft: dict[str, object], status: int
) -> None:
    async with kit.database.transaction() as tx:
        token = await issue_token(tx, name="maker", permissions=held, at=kit.clock.now())
    response = await admin.post(TOKENS, json={"name": "made", **draft}, headers=bearer(token))
    assert response.status_code == status, response.text


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        ({}, "role"),
        ({"role": "viewer", "permissions": ["rules:read"]}, "role"),
        ({"role": "king"}, "role"),
        ({"permissions": ["rules"]}, "permissions[0]"),
        ({"permissions": ["*"]}, "permissions[0]"),
        ({"role": "viewer", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"role": "viewer", "expires_at": "2040-01-01T00:00:00"}, "expires_at"),
        ({"role": "viewer", "name": "  "}, "name"),
        ({"role": "viewer", "name": "Veilleur"}, "name"),
        ({"role": "viewer", "extra": 1}, "extra"),
    ],
)
async def test_a_wrong_draft_is_told_where(
    admin: httpx.AsyncClient, draft: dict[str, object], field: str
) -> None:
    response = await admin.post(TOKENS, json={"name": "alice", **draft})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


async def test_issuing_checks_what_it_is_told(kit) -> None:
    async with kit.database.transaction() as tx:
        for wrong in (
            {},
            {"role": "king"},
            {"permissions": ["x"]},
            {"role": "admin", "permissions": ["a:b"]},
        ):
            with pytest.raises(InvalidError):
                await issue_token(tx, name="x", at=kit.clock.now(), **wrong)


async def test_the_list_pages_newest_first(kit, admin: httpx.AsyncClient) -> None:
    for number in range(5):
        if number % 2:
            kit.clock.advance(seconds=1)
        await made(admin, role="viewer", name=f"t{number}")
    seen, after = [], None
    while True:
        page = (await admin.get(TOKENS, params={"limit": 2} | ({"after": after} if after else {}))).json()
        seen += page["items"]
        assert len(page["items"]) <= 2
        if (after := page["next"]) is None:
            break
    assert len({token["id"] for token in seen}) == len(seen) == 6
    assert [t["created_at"] for t in seen] == sorted((t["created_at"] for t in seen), reverse=True)
    unknown = "3f2b8c1e-5d0a-4d7e-9a53-0c1f6b1f2a77"
    assert (await admin.get(f"{TOKENS}/{unknown}")).status_code == 404
    assert (await admin.delete(f"{TOKENS}/{unknown}")).status_code == 404
