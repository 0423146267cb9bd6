import json

import pytest

from services.contracts import topics
from services.contracts.ids import mention_id
from services.ingest.handlers.load_matcher import Watchlist
from services.ingest.handlers.submit_mentions import submit_mentions
from services.ingest.service import build
from services.kit.bus import BusAwayError


@pytest.fixture
async def client(kit, settings, make_client):
    client = await make_client([build(kit, settings)])
    for brand in ("lacombe", "durand"):
        made = await client.post("/api/v1/brands", json={"id": brand, "name": brand.title()})
        assert made.status_code == 201, made.text
    for identifier, brand, query in [
        ("lacombe-name", "lacombe", "lacombe -rugby"),
        ("lacombe-leak", "lacombe", "lacombe fuite"),
        ("durand-name", "durand", "durand"),
    ]:
        watch = {"id": identifier, "brand": brand, "name": identifier, "query": query}
        made = await client.post("/api/v1/watches", json=watch)
        assert made.status_code == 201, made.text
    return client


async def push(client, body, content_type="application/json"):
    raw = body if isinstance(body, bytes | str) else json.dumps(body)
    return await client.post("/api/v1/mentions", content=raw, headers={"Content-Type": content_type})


def receipt(accepted, matched, unmatched, rejected=(), truncated=0):
    return {
        "accepted": accepted,
        "matched": matched,
        "unmatched": unmatched,
        "truncated": truncated,
        "rejected": list(rejected),
    }


async def test_one_mention_is_on_the_bus_before_it_is_accepted(client, read_topic, clock):
    answer = await push(
        client,
        {
            "external_id": "7",
            "text": "<p>Fuite chez <b>L&#39;usine Lacombe</b></p>",
            "author": {"handle": "@bob", "followers": 12},
            "source": "forum",
            "url": "https://forum.example/7",
        },
    )
    assert (answer.status_code, answer.json()) == (202, receipt(1, 1, 0))
    (event,) = await read_topic(topics.MENTIONS)
    assert event.mention_id == mention_id("forum", "7", "lacombe")
    assert event.text == "Fuite chez L'usine Lacombe"
    assert [(watch.id, watch.version) for watch in event.watches] == [
        ("lacombe-leak", 1),
        ("lacombe-name", 1),
    ]
    assert (event.author.handle, event.source_kind, event.received_at) == ("bob", "api", clock.now())


async def test_a_mention_of_two_brands_is_a_mention_of_each(client, read_topic):
    answer = await push(client, {"text": "Lacombe rachète Durand"})
    assert answer.json() == receipt(1, 1, 0)
    assert {event.brand for event in await read_topic(topics.MENTIONS)} == {"lacombe", "durand"}


async def test_look_alikes_concern_nobody(client, read_topic):
    answer = await push(client, [{"text": "Lacomberie en fête"}, {"text": "Lacombe marque au rugby"}])
    assert answer.json() == receipt(2, 0, 2)
    assert await read_topic(topics.MENTIONS) == []


async def test_a_bad_item_rejects_itself_only(client, read_topic):
    items = [
        {"text": "Lacombe"},
        {"texte": "Lacombe"},
        {"text": " ", "title": "<p></p>"},
        "Lacombe",
        {"text": "Durand", "published_at": "hier"},
    ]
    answer = await push(client, items)
    assert answer.status_code == 202
    body = answer.json()
    assert (body["accepted"], body["matched"]) == (1, 1)
    faults = {
        rejected["index"]: [error["field"] for error in rejected["errors"]] for rejected in body["rejected"]
    }
    assert faults == {1: ["text", "texte"], 2: ["text"], 3: [""], 4: ["published_at"]}
    assert all(error["fix"] for rejected in body["rejected"] for error in rejected["errors"])
    assert len(await read_topic(topics.MENTIONS)) == 1


async def test_what_utf_8_cannot_say_neither_stops_a_mention_nor_comes_back(client, kit, read_topic):
    items = [{"text": "Lacombe\ud83d\x00 !"}, {"text": "Lacombe", "\ud800" * 500: 1}]
    found = await submit_mentions(kit, Watchlist(), items)
    assert (found.matched, [rejection.index for rejection in found.rejected]) == (1, [1])
    assert len(found.rejected[0].faults[0].field.encode()) < 300
    (event,) = await read_topic(topics.MENTIONS)
    assert event.text == "Lacombe !"


async def test_lines_are_read_one_by_one(client, read_topic):
    lines = b'\xef\xbb\xbf{"text": "Lacombe 1"}\r\n\n{"text": "Lacombe\n{"text": "Lacombe \xff"}\n{"text": "Lacombe 2"}'
    answer = await push(client, lines, "application/x-ndjson; charset=utf-8")
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    assert [(r["index"], r["errors"][0]["problem"][:6]) for r in answer.json()["rejected"]] == [
        (1, "Line 3"),
        (2, "Line 4"),
    ]
    assert {event.text for event in await read_topic(topics.MENTIONS)} == {"Lacombe 1", "Lacombe 2"}


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("{", "application/json", 422),
        ("", "application/json", 422),
        ("[]", "application/json", 422),
        ("\n\n", "application/x-ndjson", 422),
        ("null", "application/json", 422),
        ('{"text": NaN}', "application/json", 422),
        ("[" * 100_000, "application/json", 422),
        (b"\xff\xfe", "application/json", 422),
        (json.dumps([{"text": "Lacombe"}] * 10_001), "application/json", 422),
        ('[{"texte": "x"}, {"text": ""}]', "application/json", 422),
        ("a,b", "text/csv", 415),
        ('{"text": "Lacombe"}', "application/xml\u00e9".encode("latin-1"), 415),
    ],
)
async def test_a_body_that_holds_no_mention_is_refused_with_reasons(
    client, read_topic, body, content_type, status
):
    answer = await push(client, body, content_type)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    if status == 422:
        assert all(error["problem"] and error["fix"] for error in answer.json()["errors"])
    assert await read_topic(topics.MENTIONS) == []


async def test_when_all_are_bad_the_answer_says_where(client):
    answer = await push(client, [{"texte": "x"}, {"text": ""}])
    assert [error["field"] for error in answer.json()["errors"]] == ["[0].text", "[0].texte", "[1].text"]


async def test_ten_thousand_at_once_arrive_once_each(client, read_topic):
    items = [{"external_id": str(n), "text": f"Lacombe {n}"} for n in range(10_000)]
    answer = await push(client, "\n".join(map(json.dumps, items)), "application/x-ndjson")
    assert answer.json() == receipt(10_000, 10_000, 0)
    events = await read_topic(topics.MENTIONS)
    assert len({event.mention_id for event in events}) == len(events) == 10_000


async def test_a_long_text_is_cut_and_counted(client, read_topic):
    answer = await push(client, {"text": "Lacombe " + "x" * 30_000})
    assert answer.json() == receipt(1, 1, 0, truncated=1)
    (event,) = await read_topic(topics.MENTIONS)
    assert len(event.text) == 20_000


async def test_a_repeated_request_gives_the_same_ids(client, read_topic):
    for _ in range(2):
        await push(client, {"text": "Lacombe", "published_at": "2026-03-01T10:00:00Z"})
    first, second = await read_topic(topics.MENTIONS)
    assert first.event_id == second.event_id


async def test_an_edited_watch_counts_from_the_next_request(client, read_topic):
    assert (await push(client, {"text": "Lacombe marque au rugby"})).json()["matched"] == 0
    watch = await client.get("/api/v1/watches/lacombe-name")
    changed = await client.put(
        "/api/v1/watches/lacombe-name",
        json={"brand": "lacombe", "name": "all", "query": "lacombe"},
        headers={"If-Match": watch.headers["etag"]},
    )
    assert changed.status_code == 200, changed.text
    assert (await push(client, {"text": "Lacombe marque au rugby"})).json()["matched"] == 1
    (event,) = await read_topic(topics.MENTIONS)
    assert event.watches[0].version == 2


async def test_nothing_is_accepted_that_the_bus_has_not_got(client, kit, monkeypatch):
    async def away(messages):
        raise BusAwayError("no broker")

    monkeypatch.setattr(kit.bus, "publish", away)
    answer = await push(client, {"text": "Lacombe"})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


async def test_pushing_needs_its_permission(kit, settings, make_client):
    viewer = await make_client([build(kit, settings)], role="viewer")
    assert (await push(viewer, {"text": "Lacombe"})).status_code == 403


async def test_both_content_types_are_documented(client):
    document = (await client.get("/api/v1/openapi.json")).json()
    content = document["paths"]["/api/v1/mentions"]["post"]["requestBody"]["content"]
    assert set(content) == {"application/json", "application/x-ndjson"}
    assert "$defs" not in json.dumps(content)
    assert "$ref" not in json.dumps(content)


UNFIT = [
    pytest.param(r'{"text": "Lacombe \u0000"}', True, id="NUL in a text is taken out"),
    pytest.param(r'{"text": "Lacombe \ud83d"}', True, id="half an emoji is taken out"),
    pytest.param(
        r'{"text": "Lacombe", "engagement": 99999999999999999999}', False, id="a number beyond 64 bits"
    ),
    pytest.param(r'{"text": "Lacombe", "\ud800": 1}', False, id="half a pair in an unknown field's name"),
    pytest.param(r'{"text": "Lacombe", "\u0000": 1}', False, id="NUL in an unknown field's name"),
    pytest.param(r'{"text": "Lacombe", "source": "\u0000"}', False, id="NUL in a slug"),
    pytest.param(r'{"text": "Lacombe", "engagement": NaN}', False, id="a number that is none"),
    pytest.param("[" * 100_000, False, id="nested without end"),
    pytest.param('{"text": "Lacombe", "engagement": ' + "9" * 5000 + "}", False, id="a number without end"),
]


@pytest.mark.parametrize(("line", "kept"), UNFIT)
async def test_what_postgresql_cannot_keep_costs_no_other_mention(client, read_topic, line, kept):
    answer = await push(client, '{"text": "Lacombe va bien"}\n' + line, "application/x-ndjson")
    assert answer.status_code == 202, answer.text
    assert [rejected["index"] for rejected in answer.json()["rejected"]] == ([] if kept else [1])
    assert len(await read_topic(topics.MENTIONS)) == (2 if kept else 1)
