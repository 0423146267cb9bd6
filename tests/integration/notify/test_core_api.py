"""The alert API, and what ops may and may not write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.contracts import topics
from services.contracts.codec import decode
from services.contracts.events import CoverageDefined, CoverageRemoved
from services.kit.clock import ManualClock
from services.kit.context import Kit
from services.kit.runtime import Runtime
from services.notify.service import build

MakeClient = Callable[..., Awaitable[httpx.AsyncClient]]
MakeRuntime = Callable[..., Awaitable[Runtime]]
WEEK = [{"days": [1, 2, 3, 4, 5], "start": "09:00", "end": "18:00"}]
CREATE = {"If-None-Match": "*"}


@pytest.fixture
async def http(kit: Kit, make_client: MakeClient) -> httpx.AsyncClient:
    client = await make_client([build(kit)])
    client.base_url = client.base_url.join("/api/v1/")
    return client


async def alarm(http: httpx.AsyncClient, headline: str = "Vidéo virale", **fields: Any) -> dict[str, Any]:
    answer = await http.post("alerts", json={"brand": "lumen", "headline": headline, **fields})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"/api/v1/alerts/{body['id']}"
    return body


def faults(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {fault["field"]: fault["fix"] for fault in answer.json()["errors"]}


async def test_a_human_raises_the_alarm(http: httpx.AsyncClient) -> None:
    made = await alarm(http, text="Un influenceur nous accuse", playbook={"text": "Appeler la direction"})
    shown = (await http.get(f"alerts/{made['id']}")).json()
    assert (shown["origin"], shown["severity"], shown["state"]) == ("human", "critical", "open")
    assert shown["playbook"]["text"] == "Appeler la direction"
    entries = [(entry["reason"]["code"], entry["actor"]) for entry in shown["timeline"]]
    assert entries[:2] == [("raised_by_human", "test-admin"), ("said_by_human", "test-admin")]
    assert [code for code, _ in entries[2:]] == [
        "no_coverage",
        "urgency_high",
        "no_policy",
        "straight_to_fallback",
        "no_fallback",
    ]
    assert shown["run"]["phase"] == "exhausted"


async def test_the_same_alarm_sent_twice_is_one(http: httpx.AsyncClient) -> None:
    body = {"brand": "lumen", "headline": "Vidéo virale"}
    headers = {"Idempotency-Key": "a1"}
    first = await http.post("alerts", json=body, headers=headers)
    again = await http.post("alerts", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert len((await http.get("alerts")).json()["items"]) == 1


async def test_alerts_are_listed_newest_first_page_by_page(
    http: httpx.AsyncClient, clock: ManualClock
) -> None:
    made = []
    for number in range(5):
        made.append((await alarm(http, f"Alerte {number}"))["id"])
        clock.advance(minutes=1)
    seen: list[str] = []
    after = None
    while True:
        page = (await http.get("alerts", params={"limit": 2, **({"after": after} if after else {})})).json()
        seen += [item["id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == made[::-1]


async def test_alerts_are_filtered(http: httpx.AsyncClient, clock: ManualClock) -> None:
    start = clock.now()
    lumen = await alarm(http)
    clock.advance(hours=1)
    other = await alarm(http, brand="autre", severity="warning")
    await http.post(f"alerts/{other['id']}/acknowledge")
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"brand": "lumen"}, [lumen["id"]]),
        ({"severity": "warning"}, [other["id"]]),
        ({"state": "acknowledged"}, [other["id"]]),
        ({"off_hours": True}, [other["id"], lumen["id"]]),
        ({"off_hours": False}, []),
        ({"from": (start + timedelta(minutes=1)).isoformat()}, [other["id"]]),
        ({"to": (start + timedelta(hours=1)).isoformat()}, [lumen["id"]]),
    ]
    for query, expected in cases:
        found = (await http.get("alerts", params=query)).json()["items"]
        assert [alert["id"] for alert in found] == expected, query


async def test_taking_it_twice_says_who_was_first(
    http: httpx.AsyncClient, kit: Kit, make_client: MakeClient
) -> None:
    made = await alarm(http)
    responder = await make_client([build(kit)], role="responder")
    path = f"alerts/{made['id']}/acknowledge"
    first = (await responder.post(f"/api/v1/{path}")).json()
    second = (await http.post(path)).json()
    assert (first["acknowledged_by"], first["changed"]) == ("test-responder", True)
    assert (second["acknowledged_by"], second["changed"]) == ("test-responder", False)
    async with kit.database.transaction() as tx:
        rows = await tx.execute(
            text("SELECT actor, action FROM kit.audit WHERE kind = 'alert' ORDER BY number")
        )
        assert [tuple(row) for row in rows] == [("test-admin", "raise"), ("test-responder", "acknowledge")]


async def test_what_is_over_cannot_be_escalated(http: httpx.AsyncClient) -> None:
    made = await alarm(http)
    await http.post(f"alerts/{made['id']}/resolve", json={"verdict": "false_alarm"})
    assert (await http.post(f"alerts/{made['id']}/escalate")).status_code == 409


async def test_a_viewer_reads_and_does_not_act(
    http: httpx.AsyncClient, kit: Kit, make_client: MakeClient
) -> None:
    made = await alarm(http)
    viewer = await make_client([build(kit)], role="viewer")
    assert (await viewer.get(f"/api/v1/alerts/{made['id']}")).status_code == 200
    for action in ("acknowledge", "escalate"):
        assert (await viewer.post(f"/api/v1/alerts/{made['id']}/{action}")).status_code == 403
    assert (await viewer.post("/api/v1/alerts", json={"brand": "lumen", "headline": "x"})).status_code == 403


async def test_the_timeline_page_by_page(http: httpx.AsyncClient) -> None:
    made = await alarm(http)
    whole = (await http.get(f"alerts/{made['id']}")).json()["timeline"]
    first = (await http.get(f"alerts/{made['id']}/timeline", params={"limit": 2})).json()
    rest = (await http.get(f"alerts/{made['id']}/timeline", params={"after": first["next"]})).json()
    assert first["items"] + rest["items"] == whole
    assert rest["next"] is None


async def people(http: httpx.AsyncClient) -> None:
    contacts = [{"kind": "sms", "address": "+33600000001"}]
    answer = await http.put("responders/alice", json={"name": "Alice", "contacts": contacts}, headers=CREATE)
    assert answer.status_code == 201, answer.text
    rotation = {"responders": ["alice"], "starts_on": "2026-01-05", "handoff": "18:00"}
    answer = await http.put("schedules/nuit", json={"name": "Nuit", "rotation": rotation}, headers=CREATE)
    assert answer.status_code == 201, answer.text


async def test_escalating_by_hand_wakes_the_next_person_even_on_duty(http: httpx.AsyncClient) -> None:
    await people(http)
    await http.put("coverage/lumen", json={"brand": "lumen", "windows": WEEK}, headers=CREATE)
    steps = [{"targets": [{"kind": "schedule", "id": "nuit"}]}]
    await http.put("policies/nuit", json={"name": "Nuit", "steps": steps}, headers=CREATE)
    made = await alarm(http)
    assert (await http.get(f"alerts/{made['id']}")).json()["run"]["phase"] == "held"
    assert (await http.post(f"alerts/{made['id']}/escalate")).status_code == 200
    shown = (await http.get(f"alerts/{made['id']}")).json()
    assert [page["responder_id"] for page in shown["pages"]] == ["alice"]
    codes = [entry["reason"]["code"] for entry in shown["timeline"]]
    assert codes[-3:] == ["escalated_by_hand", "step_started", "paged"]


async def test_a_policy_that_could_reach_nobody_is_refused_as_a_whole(http: httpx.AsyncClient) -> None:
    await people(http)
    steps = [
        {"targets": [{"kind": "responder", "id": "alise"}, {"kind": "responder", "id": "alice"}]},
        {"after_minutes": 5, "targets": [{"kind": "schedule", "id": "jour"}]},
    ]
    found = faults(await http.post("policies", json={"name": "Nuit", "page_from": "info", "steps": steps}))
    assert set(found) == {"steps[0].targets[0].id", "steps[1].targets[0].id", "page_from"}
    assert "alice" in found["steps[0].targets[0].id"]
    assert "nuit" in found["steps[1].targets[0].id"]
    assert (await http.get("policies")).json()["items"] == []


@pytest.mark.parametrize(
    ("steps", "field"),
    [
        ([], "steps"),
        ([{"targets": []}], "steps[0].targets"),
        ([{"after_minutes": 1441, "targets": [{"kind": "responder", "id": "a"}]}], "steps[0].after_minutes"),
        ([{"after_minutes": -1, "targets": [{"kind": "responder", "id": "a"}]}], "steps[0].after_minutes"),
        ([{"targets": [{"kind": "team", "id": "a"}]}], "steps[0].targets[0].kind"),
    ],
)
async def test_steps_have_limits(http: httpx.AsyncClient, steps: list[Any], field: str) -> None:
    assert field in faults(await http.post("policies", json={"name": "Nuit", "steps": steps}))


async def test_a_schedule_names_known_people_and_sane_times(http: httpx.AsyncClient) -> None:
    await people(http)
    override = {"responder": "zoe", "start": "2026-03-02T10:00Z", "end": "2026-03-02T09:00Z"}
    doc = {
        "name": "Jour",
        "zone": "Europe/Pariss",
        "rotation": {"responders": ["alice", "bob"], "starts_on": "2026-01-05", "handoff": "18:00Z"},
        "overrides": [override],
    }
    found = faults(await http.post("schedules", json=doc))
    assert set(found) == {
        "zone",
        "rotation.handoff",
        "rotation.responders[1]",
        "overrides[0].responder",
        "overrides[0].end",
    }


async def test_who_is_named_cannot_be_deleted(http: httpx.AsyncClient) -> None:
    await people(http)
    steps = [{"targets": [{"kind": "schedule", "id": "nuit"}]}]
    await http.put("policies/garde", json={"name": "Garde", "steps": steps}, headers=CREATE)
    for path, where in (("schedules/nuit", "'garde'"), ("responders/alice", "'nuit'")):
        answer = await http.delete(path, headers={"If-Match": "*"})
        assert answer.status_code == 409
        assert where in answer.json()["detail"]
        assert (await http.get(path)).status_code == 200
    for path in ("policies/garde", "schedules/nuit", "responders/alice"):
        assert (await http.delete(path, headers={"If-Match": "*"})).status_code == 204


async def test_coverage_says_who_is_there_and_why_not(http: httpx.AsyncClient) -> None:
    await http.put("coverage/lumen", json={"brand": "lumen", "windows": WEEK}, headers=CREATE)
    saturday = (await http.get("coverage/lumen/at", params={"instant": "2026-03-07T23:10+01:00"})).json()
    assert (saturday["on_duty"], saturday["text"]) == (False, "samedi")
    assert saturday["until"] == saturday["next_start"] == "2026-03-09T08:00:00Z"
    now = (await http.get("coverage/lumen/at")).json()
    assert (now["on_duty"], now["until"]) == (True, "2026-03-02T17:00:00Z")
    assert (await http.get("coverage/inconnue/at")).status_code == 404
    for absurd in ("9999-12-31T23:59:59-10:00", "0001-01-01T00:00:00+14:00", "2026-03-07T23:10:00"):
        assert faults(await http.get("coverage/lumen/at", params={"instant": absurd}))


async def test_a_coverage_is_that_of_its_brand(http: httpx.AsyncClient) -> None:
    answer = await http.put("coverage/lumen", json={"brand": "autre", "windows": WEEK}, headers=CREATE)
    assert set(faults(answer)) == {"brand"}
    answer = await http.put(
        "coverage/lumen", json={"brand": "lumen", "holiday_subdivision": "GES"}, headers=CREATE
    )
    assert set(faults(answer)) == {"holiday_subdivision"}


async def test_who_is_on_call(http: httpx.AsyncClient) -> None:
    await people(http)
    shown = (await http.get("schedules/nuit/on-call", params={"instant": "2026-03-07T23:10+01:00"})).json()
    assert shown["shift"]["responder"] == "alice"
    before = (await http.get("schedules/nuit/on-call", params={"instant": "2026-01-05T17:59+01:00"})).json()
    assert before["shift"] is None


async def test_changes_of_coverage_are_told_with_growing_revisions(
    http: httpx.AsyncClient, kit: Kit, make_runtime: MakeRuntime
) -> None:
    doc = {"brand": "lumen", "windows": WEEK}
    await http.put("coverage/lumen", json=doc, headers=CREATE)
    await http.delete("coverage/lumen", headers={"If-Match": "*"})
    await http.put("coverage/lumen", json=doc | {"team": "veille"}, headers=CREATE)
    runtime = await make_runtime([build(kit)])
    await runtime.settle()
    async with kit.database.transaction() as tx:
        rows = await tx.execute(
            text("SELECT value FROM notify.outbox WHERE topic = :topic ORDER BY number"),
            {"topic": topics.COVERAGE.name},
        )
        said = [decode(bytes(value)).event for (value,) in rows]
    assert [(type(event), getattr(event, "revision", None)) for event in said] == [
        (CoverageDefined, 1),
        (CoverageRemoved, 2),
        (CoverageDefined, 3),
    ]
