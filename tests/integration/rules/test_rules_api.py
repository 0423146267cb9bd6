"""Rules, trials, mentions and series over HTTP, on a real database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.contracts import topics
from services.contracts.codec import encode
from services.contracts.events import MentionFound
from services.contracts.ids import mention_id
from services.contracts.values import Author
from services.rules.service import build
from services.rules.settings import RulesSettings

SATURDAY = datetime(2026, 3, 7, 22, 10, tzinfo=UTC)
WORDS = [
    "Ma fille a des brûlures au visage après la crème Lumea, on a fini aux urgences",
    "J'adore la crème Lumea, je recommande",
    "Ouverture d'une boutique Lumea 100% neuve à Lyon samedi",
    "The Lumea parcel never arrived, awful service",
]


@pytest.fixture
async def client(make_client, kit):
    return await make_client([build(kit, RulesSettings(default_rules=False))])


@pytest.fixture
async def stored(kit, clock, make_runtime):
    """Four mentions an hour apart, the first one the oldest."""
    runtime = await make_runtime([build(kit, RulesSettings(default_rules=False))])
    await kit.bus.ensure([topics.MENTIONS, topics.COVERAGE])
    clock.move_to(SATURDAY)
    events = []
    for number, words in enumerate(WORDS):
        at = SATURDAY - timedelta(hours=3 - number)
        found = MentionFound(
            brand="lumea" if number < 3 else "other",
            mention_id=mention_id("api", str(number), "lumea"),
            source="api",
            source_kind="push",
            external_id=str(number),
            text=words,
            author=Author(handle=f"a{number}"),
            published_at=at,
            received_at=at,
        )
        events.append(encode(found, at))
    await kit.bus.publish(events)
    await runtime.settle()


async def test_a_wrong_rule_is_refused_with_its_place(client):
    answer = await client.post("/api/v1/rules", json={"name": "R", "severity": "warning", "when": "risq > 1"})
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == "when"
    assert "Line 1, column 1" in error["problem"]
    assert error["problem"].endswith("risq > 1\n^")
    assert "Did you mean 'risk'?" in error["fix"]


async def test_a_rule_lives_over_rest(client):
    made = await client.post(
        "/api/v1/rules", json={"name": "Danger", "severity": "critical", "when": "risk >= 80"}
    )
    assert (made.status_code, made.json()["id"]) == (201, "danger")
    assert (await client.get("/api/v1/rules/danger/health")).json() == {
        "state": "healthy",
        "errors": 0,
        "last_error": None,
        "last_error_at": None,
        "last_mention": None,
    }
    gone = await client.delete("/api/v1/rules/danger", headers={"If-Match": made.headers["ETag"]})
    assert gone.status_code == 204
    assert (await client.get("/api/v1/rules/danger/health")).status_code == 404


async def test_a_draft_is_tried_on_written_mentions(client):
    draft = {"name": "R", "severity": "warning", "when": 'risk >= 60 && "product_safety" in topics'}
    body = {"rule": draft, "mentions": [{"text": words} for words in WORDS[:3]]}
    answer = await client.post("/api/v1/rules/test", json=body)
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert report["alerts"] == 1
    assert [(result["held"], result["would"]) for result in report["results"]] == [
        (True, "raised"),
        (False, None),
        (False, None),
    ]
    first = report["results"][0]
    assert first["looks"][0]["variables"]["topics"] == ["product_safety"]
    assert first["looks"][0]["variables"]["risk"] == first["risk"]
    assert first["headline"].startswith("Danger pour la santé, ")
    assert first["reasons"][0]["code"] == "health"
    assert (await client.get("/api/v1/rules")).json()["items"] == [], "nothing is stored"


async def test_a_draft_that_fails_says_why(client):
    body = {
        "rule": {"name": "R", "severity": "info", "when": "1 / followers > 0"},
        "mentions": [{"text": "x"}],
    }
    [result] = (await client.post("/api/v1/rules/test", json=body)).json()["results"]
    assert result["held"] is False
    assert "divide by zero" in result["looks"][0]["error"]


async def test_a_draft_is_tried_on_the_newest_mentions_of_a_brand(client, stored):
    draft = {"name": "R", "severity": "warning", "when": "mentions >= 2", "window_minutes": 120}
    answer = await client.post("/api/v1/rules/test", json={"rule": draft, "brand": "lumea", "last": 10})
    report = answer.json()
    assert answer.status_code == 200, answer.text
    assert [result["looks"][-1]["variables"]["mentions"] for result in report["results"]] == [1, 2, 2]
    assert [result["would"] for result in report["results"]] == [None, "raised", None]


@pytest.mark.parametrize(
    "extra", [{}, {"brand": "lumea", "mentions": [{"text": "x"}]}, {"mentions": []}, {"sample": 1}]
)
async def test_a_trial_needs_mentions_or_a_brand(client, extra):
    body = {"rule": {"name": "R", "severity": "info", "when": "true"}, **extra}
    assert (await client.post("/api/v1/rules/test", json=body)).status_code == 422


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [3, 2, 1, 0]),
        ({"brand": "lumea"}, [2, 1, 0]),
        ({"brand": "nobody"}, []),
        ({"sentiment": "negative"}, [3, 0]),
        ({"min_risk": 60}, [0]),
        ({"language": "en"}, [3]),
        ({"q": "BOUTIQUE"}, [2]),
        ({"q": "100%"}, [2]),
        ({"q": "a_b"}, []),
        ({"from": (SATURDAY - timedelta(hours=2)).isoformat()}, [3, 2, 1]),
        ({"to": (SATURDAY - timedelta(hours=2)).isoformat()}, [0]),
    ],
)
async def test_mentions_are_filtered(client, stored, query, expected):
    answer = await client.get("/api/v1/mentions", params=query)
    assert answer.status_code == 200, answer.text
    assert [int(item["mention"]["external_id"]) for item in answer.json()["items"]] == expected


async def test_mentions_come_in_pages(client, stored):
    seen, after = [], None
    while True:
        params = {"limit": 3} | ({"after": after} if after else {})
        page = (await client.get("/api/v1/mentions", params=params)).json()
        seen += [int(item["mention"]["external_id"]) for item in page["items"]]
        if (after := page["next"]) is None:
            break
    assert seen == [3, 2, 1, 0]
    assert (await client.get("/api/v1/mentions", params={"after": "nonsense"})).status_code == 422


async def test_one_mention_is_told_with_its_reasons(client, stored):
    answer = await client.get(f"/api/v1/mentions/{mention_id('api', '0', 'lumea')}")
    body = answer.json()
    assert (body["language"], body["sentiment"], body["topics"]) == ("fr", "negative", ["product_safety"])
    assert body["risk"] == pytest.approx(sum(reason["points"] for reason in body["reasons"]), abs=1)
    assert (await client.get("/api/v1/mentions/6f5e1c1a-1d1e-5b0a-9c52-76656c6c6575")).status_code == 404
    assert (await client.get("/api/v1/mentions/x")).status_code == 422


async def test_series_count_by_the_team_s_wall_clock(client, stored):
    answer = await client.get("/api/v1/stats", params={"brand": "lumea", "bucket": "day"})
    body = answer.json()
    assert answer.status_code == 200, answer.text
    assert body["zone"] == "Europe/Paris"
    [day] = body["points"]
    assert datetime.fromisoformat(day["at"]) == datetime(2026, 3, 6, 23, tzinfo=UTC)  # midnight in Paris
    assert (day["mentions"], day["negative"], day["positive"]) == (3, 1, 1)
    hours = (await client.get("/api/v1/stats", params={"brand": "lumea"})).json()["points"]
    assert [point["mentions"] for point in hours] == [1, 1, 1]


@pytest.mark.parametrize(
    "query",
    [
        {"bucket": "minute", "from": "2026-01-01T00:00:00Z"},
        {"from": "2027-01-01T00:00:00Z"},
        {"to": "0001-01-01T00:00:00Z"},
        {"bucket": "week"},
        {"brand": "Not a slug"},
    ],
)
async def test_series_that_make_no_sense_are_refused(client, query):
    answer = await client.get("/api/v1/stats", params={"brand": "lumea"} | query)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]
