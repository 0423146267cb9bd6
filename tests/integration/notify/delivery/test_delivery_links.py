"""The signed link: looking changes nothing, answering acts, for one page only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from services.contracts.values import Reason
from services.kit.runtime import Runtime
from services.notify.domain.alert import Verdict
from services.notify.domain.policy import Policy
from services.notify.handlers.acknowledge_alert import acknowledge_alert
from services.notify.handlers.page_responder import page_fallback
from services.notify.handlers.resolve_alert import resolve_alert
from services.notify.handlers.sign_link import LIFETIME, sign_link
from services.notify.service import build
from services.notify.store.policies import POLICIES

STATE = "SELECT state, acknowledged_by FROM notify.alerts"


@pytest.fixture
async def phone(kit, settings, make_client):
    """Somebody with the link and nothing else."""
    client = await make_client([build(kit, delivery=settings)])
    del client.headers["Authorization"]
    return client


def path_to(kit, page_id, *, at=None):
    return f"/p/{sign_link(kit.secrets, page_id, (at or kit.clock.now()) + LIFETIME)}"


@pytest.fixture
async def alices(kit, scene):
    """The path of the link in Alice's page."""
    await scene.person("Alice", ("email", "alice@example.org"))
    alert = await scene.alert()
    return path_to(kit, await scene.page(alert))


async def test_looking_shows_two_buttons_and_changes_nothing(scene, phone, alices):
    for _ in range(3):
        shown = await phone.get(alices)
        await phone.head(alices)

    assert shown.status_code == 200
    assert "Un appel au boycott enfle" in shown.text
    assert "Boycottez-les\u202f!" in shown.text
    assert "Je prends" in shown.text
    assert "Pas moi, au suivant" in shown.text
    assert await scene.rows(STATE) == [{"state": "open", "acknowledged_by": None}]
    assert await scene.rows("SELECT 1 FROM notify.timeline") == []
    assert await scene.ledger("state") == [("queued",)]
    assert len(shown.content) < 10_000


@pytest.mark.parametrize("method", ["HEAD", "GET", "OPTIONS", "PUT", "PATCH", "DELETE"])
async def test_only_a_post_acts(scene, phone, alices, method):
    await phone.request(method, alices, params={"answer": "taken"})

    assert await scene.rows(STATE) == [{"state": "open", "acknowledged_by": None}]


async def test_nobody_keeps_or_indexes_the_page_and_it_needs_no_other_host(phone, alices):
    shown = await phone.get(alices)

    assert shown.headers["cache-control"] == "no-store"
    assert "noindex" in shown.headers["x-robots-tag"]
    assert shown.headers["referrer-policy"] == "no-referrer"
    policy = shown.headers["content-security-policy"]
    nonce = policy.split("style-src 'nonce-")[1].split("'")[0]
    assert f'<style nonce="{nonce}">' in shown.text
    assert "<script" not in shown.text


async def test_taking_it_acknowledges_as_that_person_and_stops_the_rest(scene, phone, alices):
    taken = await phone.post(alices, data={"answer": "taken"})
    again = await phone.post(alices, data={"answer": "taken"})

    assert taken.status_code == again.status_code == 200
    assert "l&#39;alerte est à vous depuis lundi 2 mars à 9\u00a0h." in taken.text
    assert "<button" not in taken.text
    assert await scene.rows(STATE) == [{"state": "acknowledged", "acknowledged_by": "Alice"}]
    assert await scene.ledger("state") == [("cancelled",)]
    assert await scene.rows("SELECT code, actor FROM notify.timeline") == [
        {"code": "acknowledged", "actor": "Alice"}
    ]
    assert await scene.rows("SELECT answer FROM notify.pages") == [{"answer": "taken"}]


async def test_who_comes_second_reads_who_was_first_and_when(kit, clock, scene, phone, alices):
    (alert,) = await scene.rows("SELECT id FROM notify.alerts")
    async with kit.database.transaction() as tx:
        await acknowledge_alert(tx, alert_id=alert["id"], actor="Bruno", at=clock.now())
    clock.advance(minutes=12)

    looked = await phone.get(alices)
    tried = await phone.post(alices, data={"answer": "taken"})

    for answer in (looked, tried):
        assert answer.status_code == 200
        assert "Bruno s&#39;en occupe depuis lundi 2 mars à 9\u00a0h." in answer.text
        assert "<button" not in answer.text
    assert await scene.rows(STATE) == [{"state": "acknowledged", "acknowledged_by": "Bruno"}]


async def test_a_closed_alert_says_so(kit, clock, scene, phone, alices):
    (alert,) = await scene.rows("SELECT id FROM notify.alerts")
    async with kit.database.transaction() as tx:
        await resolve_alert(
            tx, alert_id=alert["id"], actor="Bruno", at=clock.now(), verdict=Verdict.REAL, note=None
        )

    shown = (await phone.post(alices, data={"answer": "taken"})).text
    assert "Cette alerte est close depuis lundi 2 mars à 9\u00a0h. Vraie alerte, selon Bruno." in shown


async def test_an_english_reader_reads_english(kit, scene, phone):
    await scene.person("Carol", ("email", "carol@example.org"), language="en", zone="Europe/London")
    path = path_to(kit, await scene.page(await scene.alert(), "carol"))

    assert "I take it" in (await phone.get(path)).text
    assert "Monday 2 March at 08:00" in (await phone.post(path, data={"answer": "taken"})).text


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path[:-1] + ("A" if path[-1] != "A" else "B"),
        lambda path: "/p/" + ("A" if path[3] != "A" else "B") + path[4:],
        lambda path: path[:-4],
        lambda path: path + "AAAA",
        lambda _: "/p/hello",
    ],
)
async def test_a_forged_link_is_a_clear_page_and_does_nothing(scene, phone, alices, spoil):
    forged = spoil(alices)

    looked, tried = await phone.get(forged), await phone.post(forged, data={"answer": "taken"})

    for answer in (looked, tried):
        assert answer.status_code == 404
        assert "Ce lien n&#39;est pas valable" in answer.text
        assert "boycott" not in answer.text
    assert await scene.rows(STATE) == [{"state": "open", "acknowledged_by": None}]


async def test_a_link_of_another_page_does_not_open_this_one(kit, scene, phone, alices):
    other = await scene.alert(headline="Autre chose")
    await scene.page(other)
    await phone.post(path_to(kit, (await scene.rows("SELECT id FROM notify.pages WHERE alert_id = :a", a=other))[0]["id"]),
                     data={"answer": "taken"})  # fmt: skip

    assert await scene.rows("SELECT headline FROM notify.alerts WHERE state = 'acknowledged'") == [
        {"headline": "Autre chose"}
    ]


async def test_a_link_expires_after_48_hours(clock, scene, phone, alices):
    clock.move_to(clock.now() + LIFETIME - timedelta(minutes=1))
    assert (await phone.get(alices)).status_code == 200

    clock.advance(minutes=1)
    looked, tried = await phone.get(alices), await phone.post(alices, data={"answer": "taken"})

    for answer in (looked, tried):
        assert answer.status_code == 410
        assert "Ce lien a expiré" in answer.text
    assert await scene.rows(STATE) == [{"state": "open", "acknowledged_by": None}]


async def test_an_answer_that_is_none_is_refused(scene, phone, alices):
    for data in ({"answer": "perhaps"}, {}):
        refused = await phone.post(alices, data=data)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"]
    assert await scene.rows(STATE) == [{"state": "open", "acknowledged_by": None}]


async def policy(kit, *steps):
    doc = Policy.model_validate(
        {
            "name": "Nuit",
            "steps": [
                {
                    "after_minutes": 10 if number else 0,
                    "targets": [{"kind": "responder", "id": one} for one in step],
                }
                for number, step in enumerate(steps)
            ],
        }
    )
    async with kit.database.transaction() as tx:
        await POLICIES.create(tx, id="nuit", doc=doc, by="test", at=kit.clock.now())


async def alarm(phone_client):
    """A human raises an alarm: the run starts, and the first step pages."""
    answer = await phone_client.post("/api/v1/alerts", json={"brand": "lacombe", "headline": "Ça brûle"})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def paged(scene):
    return [row["responder_id"] for row in await scene.rows("SELECT responder_id FROM notify.pages ORDER BY created_at, step")]  # fmt: skip


async def link_of(kit, scene, responder):
    (row,) = await scene.rows("SELECT id FROM notify.pages WHERE responder_id = :r", r=responder)
    return path_to(kit, row["id"])


@dataclass
class House:
    """Three people, the API, and everything that runs beside it."""

    client: httpx.AsyncClient
    runtime: Runtime


@pytest.fixture
async def house(kit, scene, settings, make_client, make_runtime):
    for name in ("Alice", "Bruno", "Chloe"):
        await scene.person(name, ("email", f"{name.lower()}@example.org"))
    service = build(kit, delivery=settings)
    return House(await make_client([service]), await make_runtime([service]))


async def test_not_me_brings_the_next_step_now(kit, scene, house):
    client, runtime = house.client, house.runtime
    await policy(kit, ["alice"], ["bruno"], ["chloe"])
    alert = await alarm(client)
    await runtime.settle()
    assert await paged(scene) == ["alice"]

    path = await link_of(kit, scene, "alice")
    passed = await client.post(path, data={"answer": "declined"})
    again = await client.post(path, data={"answer": "declined"})

    assert "on passe à la personne suivante" in passed.text
    assert "on passe à la personne suivante" in again.text
    assert await paged(scene) == ["alice", "bruno"]
    assert await scene.rows("SELECT state FROM notify.alerts") == [{"state": "open"}]
    entries = (await client.get(f"/api/v1/alerts/{alert}/timeline")).json()
    codes = [entry["reason"]["code"] for entry in entries["items"]]
    assert codes.count("declined") == 1

    changed = await client.post(path, data={"answer": "taken"})
    assert "à vous depuis" in changed.text
    assert await scene.rows(STATE) == [{"state": "acknowledged", "acknowledged_by": "Alice"}]


async def test_not_me_waits_for_the_others_of_the_same_step(kit, scene, house):
    client, runtime = house.client, house.runtime
    await policy(kit, ["alice", "bruno"], ["chloe"])
    await alarm(client)
    await runtime.settle()

    await client.post(await link_of(kit, scene, "alice"), data={"answer": "declined"})
    assert sorted(await paged(scene)) == ["alice", "bruno"]
    await client.post(await link_of(kit, scene, "bruno"), data={"answer": "declined"})
    assert sorted(await paged(scene)) == ["alice", "bruno", "chloe"]


async def test_not_me_from_who_was_passed_over_already_wakes_nobody_more(kit, clock, scene, house):
    client, runtime = house.client, house.runtime
    await policy(kit, ["alice"], ["bruno"], ["chloe"])
    await alarm(client)
    await runtime.settle()
    path = await link_of(kit, scene, "alice")
    clock.advance(minutes=10)
    await runtime.settle()
    assert await paged(scene) == ["alice", "bruno"]

    await client.post(path, data={"answer": "declined"})

    assert await paged(scene) == ["alice", "bruno"]


async def test_the_fallback_can_take_it_too(kit, scene, settings, phone):
    alert = await scene.alert()
    async with kit.database.transaction() as tx:
        outcome = await page_fallback(
            tx, alert_id=alert, why=Reason(code="exhausted", text="x"), at=kit.clock.now(), settings=settings
        )

    await phone.post(path_to(kit, outcome.page_id), data={"answer": "taken"})

    assert await scene.rows(STATE) == [{"state": "acknowledged", "acknowledged_by": "Secours"}]
