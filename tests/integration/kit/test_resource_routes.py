"""Resources over REST: what was read is what is changed, and a repeated POST creates once."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from sqlalchemy import text

GADGETS = "/api/v1/gadgets"


@pytest.fixture
async def client(make_client, gadget_service) -> httpx.AsyncClient:
    return await make_client([gadget_service])


async def test_a_created_one_is_where_it_says(client: httpx.AsyncClient) -> None:
    made = await client.post(GADGETS, json={"name": "Été à l'Élysée !", "tags": ["x"]})
    assert made.status_code == 201
    assert made.headers["location"] == f"{GADGETS}/ete-a-l-elysee"
    assert made.headers["etag"] == '"1"'
    read = await client.get(made.headers["location"])
    assert (
        read.json()
        == made.json()
        == {
            "id": "ete-a-l-elysee",
            "version": 1,
            "name": "Été à l'Élysée !",
            "brand": None,
            "size": 1,
            "tags": ["x"],
            "created_at": "2026-03-02T08:00:00Z",
            "updated_at": "2026-03-02T08:00:00Z",
            "updated_by": "test-admin",
        }
    )
    named = await client.post(GADGETS, json={"id": "mine", "name": "Été"})
    assert named.json()["id"] == "mine"
    assert (await client.post(GADGETS, json={"id": "mine", "name": "Other"})).status_code == 409
    assert (await client.post(GADGETS, json={"name": "été  à l'élysée"})).status_code == 409


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        ({"name": "!!!"}, "id"),
        ({"name": "x", "id": "Not A Slug"}, "id"),
        ({"name": "x", "colour": "red"}, "colour"),
        ({"name": "x", "size": -1}, "size"),
        ({"name": "x", "size": 13}, "size"),
        ({"name": "unspeakable"}, "name"),
        ({"name": "x", "version": 3}, "version"),
    ],
)
async def test_a_wrong_draft_is_told_where(
    client: httpx.AsyncClient, draft: dict[str, object], field: str
) -> None:
    response = await client.post(GADGETS, json=draft)
    assert response.status_code == 422, response.text
    assert [error["field"] for error in response.json()["errors"]] == [field]


async def test_what_was_read_can_be_sent_back(client: httpx.AsyncClient) -> None:
    made = await client.post(GADGETS, json={"name": "One"})
    document = (await client.get(f"{GADGETS}/one")).json()
    same = await client.put(f"{GADGETS}/one", json=document, headers={"If-Match": made.headers["etag"]})
    assert (same.status_code, same.headers["etag"]) == (200, '"1"')
    document["size"] = 2
    changed = await client.put(f"{GADGETS}/one", json=document, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"], changed.json()["size"]) == (200, '"2"', 2)
    other = await client.put(f"{GADGETS}/one", json={**document, "id": "two"}, headers={"If-Match": '"2"'})
    assert other.status_code == 422


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 428),
        ('"1"', 412),
        ('W/"2"', 412),
        ('"x"', 412),
        ("2", 422),
        ('"1", "2"', 0),
        ("*", 0),
        ('"2"', 0),
    ],
)
async def test_a_write_says_what_it_changes(
    client: httpx.AsyncClient, method: str, header: str | None, status: int
) -> None:
    await client.post(GADGETS, json={"name": "One"})
    await client.put(f"{GADGETS}/one", json={"name": "Two"}, headers={"If-Match": '"1"'})
    response = await client.request(
        method,
        f"{GADGETS}/one",
        json={"name": "Three"} if method == "PUT" else None,
        headers={} if header is None else {"If-Match": header},
    )
    assert response.status_code == (status or (200 if method == "PUT" else 204))
    left = await client.get(f"{GADGETS}/one")
    if status:
        assert response.headers["content-type"] == "application/problem+json"
        assert left.json()["name"] == "Two"
    elif method == "DELETE":
        assert left.status_code == 404


async def test_put_creates_only_when_told_that_there_is_none(client: httpx.AsyncClient) -> None:
    place, document = f"{GADGETS}/new-one", {"name": "New"}
    assert (await client.put(place, json=document)).status_code == 428
    assert (await client.put(place, json=document, headers={"If-Match": "*"})).status_code == 404
    made = await client.put(place, json=document, headers={"If-None-Match": "*"})
    assert (made.status_code, made.headers["location"]) == (201, place)
    assert (await client.put(place, json=document, headers={"If-None-Match": "*"})).status_code == 412
    assert (await client.put(place, json=document, headers={"If-None-Match": '"1"'})).status_code == 422


async def test_what_the_reader_has_is_not_sent_again(client: httpx.AsyncClient) -> None:
    await client.post(GADGETS, json={"name": "One"})
    for header, status in [
        ('"1"', 304),
        ('W/"1"', 304),
        ('"2", "1"', 304),
        ("*", 304),
        ('"2"', 200),
        ("1", 422),
    ]:
        response = await client.get(f"{GADGETS}/one", headers={"If-None-Match": header})
        assert response.status_code == status, header
        if status == 304:
            assert response.headers["etag"] == '"1"'
            assert response.content == b""


async def test_versions_outlive_the_resource(client: httpx.AsyncClient) -> None:
    await client.post(GADGETS, json={"name": "One"})
    await client.put(f"{GADGETS}/one", json={"name": "Two"}, headers={"If-Match": "*"})
    await client.delete(f"{GADGETS}/one", headers={"If-Match": "*"})
    first = (await client.get(f"{GADGETS}/one/versions", params={"limit": 2})).json()
    rest = (await client.get(f"{GADGETS}/one/versions", params={"limit": 2, "after": first["next"]})).json()
    versions = first["items"] + rest["items"]
    assert [(v["version"], v["doc"] and v["doc"]["name"]) for v in versions] == [
        (3, None),
        (2, "Two"),
        (1, "One"),
    ]
    assert rest["next"] is None
    assert (await client.get(f"{GADGETS}/never/versions")).status_code == 404


async def test_the_list_pages_and_filters(client: httpx.AsyncClient) -> None:
    for name in "edcba":
        await client.post(GADGETS, json={"name": name, "brand": "acme" if name < "d" else "other"})
    first = (await client.get(GADGETS, params={"limit": 2, "brand": "acme"})).json()
    rest = (await client.get(GADGETS, params={"limit": 2, "brand": "acme", "after": first["next"]})).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == ["a", "b", "c"]
    assert (await client.get(GADGETS, params={"brand": "No Slug"})).status_code == 422


async def test_who_may_read_may_not_write(make_client, gadget_service) -> None:
    viewer = await make_client([gadget_service], role="viewer")
    assert (await viewer.get(GADGETS)).status_code == 200
    assert (await viewer.post(GADGETS, json={"name": "x"})).status_code == 403
    editor = await make_client([gadget_service], role="editor")
    assert (await editor.post(GADGETS, json={"name": "x"})).status_code == 201


async def post(client: httpx.AsyncClient, key: str, **doc: object) -> httpx.Response:
    return await client.post(GADGETS, json={"name": "One", **doc}, headers={"Idempotency-Key": key})


async def test_a_repeated_post_gives_the_first_answer(kit, client: httpx.AsyncClient) -> None:
    first = await post(client, "k1")
    kit.clock.advance(minutes=1)
    again = await post(client, "k1")
    assert (again.status_code, again.json()) == (201, first.json())
    for header in ("location", "etag", "content-type"):
        assert again.headers[header] == first.headers[header]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert again.headers["x-request-id"] != first.headers["x-request-id"]


async def test_a_key_belongs_to_one_body_and_one_principal(make_client, gadget_service) -> None:
    alice, bob = await make_client([gadget_service]), await make_client([gadget_service], role="editor")
    await post(alice, "k1")
    reused = await post(alice, "k1", size=2)
    assert reused.status_code == 422
    assert reused.json()["errors"][0]["field"] == "Idempotency-Key"
    assert (await post(bob, "k1")).status_code == 409  # created anew for bob: the id is taken


async def test_an_error_is_not_remembered(client: httpx.AsyncClient) -> None:
    assert (await post(client, "k1", size=13)).status_code == 422
    assert (await post(client, "k1", size=12)).status_code == 201


async def test_duplicates_at_once_create_once(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(post(client, "k1") for _ in range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 5


async def test_a_key_is_forgotten_after_a_day(kit, client: httpx.AsyncClient) -> None:
    await post(client, "k1")

    async def age(hours: int) -> None:
        async with kit.database.transaction() as tx:
            await tx.execute(
                text(
                    "UPDATE kit.idempotency SET created_at = clock_timestamp() - make_interval(hours => :hours)"
                ),
                {"hours": hours},
            )

    await age(23)
    assert (await post(client, "k1")).status_code == 201
    await age(25)
    assert (await post(client, "k1")).status_code == 409
    assert (await post(client, "k2", name="Two")).status_code == 201
    async with kit.database.transaction() as tx:
        assert (await tx.execute(text("SELECT key FROM kit.idempotency"))).scalars().all() == ["k2"]


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 201])
async def test_a_key_is_a_short_visible_text(client: httpx.AsyncClient, key: str) -> None:
    headers = {"Idempotency-Key": key.encode("latin-1")}
    assert (await client.post(GADGETS, json={"name": "One"}, headers=headers)).status_code == 422
