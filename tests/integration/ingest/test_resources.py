import pytest

from services.contracts import topics
from services.contracts.events import BrandDefined, BrandRemoved
from services.ingest.service import build

BRAND = {"id": "lacombe", "name": "Lacombe"}
WATCH = {"id": "w", "brand": "lacombe", "name": "w", "query": "lacombe"}
SOURCE = {"id": "s", "name": "s", "url": "https://feeds.example/rss"}


@pytest.fixture
async def service(kit, settings):
    return build(kit, settings)


@pytest.fixture
async def client(service, make_client):
    return await make_client([service])


async def delete(client, path):
    etag = (await client.get(path)).headers["etag"]
    return await client.delete(path, headers={"If-Match": etag})


async def test_a_brands_life_is_told_on_the_bus(service, client, make_runtime, read_topic):
    await client.post("/api/v1/brands", json=BRAND)
    etag = (await client.get("/api/v1/brands/lacombe")).headers["etag"]
    await client.put("/api/v1/brands/lacombe", json={"name": "Lacombe SA"}, headers={"If-Match": etag})
    assert (await delete(client, "/api/v1/brands/lacombe")).status_code == 204
    await client.post("/api/v1/brands", json=BRAND)
    runtime = await make_runtime([service])
    await runtime.settle()
    assert await read_topic(topics.BRANDS) == [
        BrandDefined(brand="lacombe", name="Lacombe", revision=1),
        BrandDefined(brand="lacombe", name="Lacombe SA", revision=2),
        BrandRemoved(brand="lacombe", revision=3),
        BrandDefined(brand="lacombe", name="Lacombe", revision=4),
    ]


@pytest.mark.parametrize(("kind", "doc"), [("watches", WATCH), ("sources", {**SOURCE, "brand": "lacombe"})])
async def test_a_brand_in_use_is_not_deleted(client, kind, doc):
    await client.post("/api/v1/brands", json=BRAND)
    made = await client.post(f"/api/v1/{kind}", json=doc)
    assert made.status_code == 201, made.text
    refused = await delete(client, "/api/v1/brands/lacombe")
    assert refused.status_code == 409
    assert f"{kind}: {doc['id']}" in refused.json()["detail"]
    assert (await delete(client, f"/api/v1/{kind}/{doc['id']}")).status_code == 204
    assert (await delete(client, "/api/v1/brands/lacombe")).status_code == 204


@pytest.mark.parametrize(("kind", "doc"), [("watches", WATCH), ("sources", {**SOURCE, "brand": "lacombe"})])
async def test_a_brand_must_exist(client, kind, doc):
    refused = await client.post(f"/api/v1/{kind}", json=doc)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "brand"


@pytest.mark.parametrize(
    ("query", "word"),
    [("lacombe AND", "missing after AND"), ("NOT rugby", "none of its words")],
)
async def test_a_wrong_query_is_refused_where_it_is_written(client, query, word):
    await client.post("/api/v1/brands", json=BRAND)
    refused = await client.post("/api/v1/watches", json={**WATCH, "query": query})
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error["field"] == "query"
    assert word in error["problem"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "ftp://feeds.example/rss"),
        ("url", "file:///etc/passwd"),
        ("url", "https://bob:secret@feeds.example/rss"),
        ("url", "https://feeds.example:99999/rss"),
        ("url", "https://[::1/rss"),
        ("url", "https:///rss"),
        ("every_seconds", 29),
        ("every_seconds", 86_401),
        ("kind", "tweets"),
        ("name", " "),
        ("name", "a\nb"),
    ],
)
async def test_a_wrong_source_is_refused(client, field, value):
    refused = await client.post("/api/v1/sources", json={**SOURCE, field: value})
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == [field]


async def test_a_query_is_tried_before_it_is_kept(client):
    trial = {
        "query": "l'oréal (fuite OR odeur) -rugby",
        "texts": ["<p>Odeur chez L&#39;ORÉAL</p>", "oréal", "rugby"],
    }
    answer = await client.post("/api/v1/watches/test", json=trial)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["understood"] == '"l oreal" AND (fuite OR odeur) AND NOT rugby'
    assert [result["matched"] for result in body["results"]] == [True, False, False]
    first = body["results"][0]
    assert [first["text"][span["start"] : span["end"]] for span in first["spans"]] == ["Odeur", "L'ORÉAL"]


async def test_a_trial_of_a_wrong_query_says_where(client):
    answer = await client.post("/api/v1/watches/test", json={"query": "(a", "texts": []})
    assert answer.status_code == 422
    assert "^" in answer.json()["errors"][0]["problem"]


async def test_a_source_that_is_gone_has_no_health(client):
    assert (await client.get("/api/v1/sources/s/health")).status_code == 404
    assert (await client.post("/api/v1/sources/s/poll")).status_code == 404
    await client.post("/api/v1/sources", json={**SOURCE, "enabled": False})
    health = (await client.get("/api/v1/sources/s/health")).json()
    assert (health["state"], health["next_poll_at"]) == ("healthy", None)
    await delete(client, "/api/v1/sources/s")
    assert (await client.get("/api/v1/sources/s/health")).status_code == 404
