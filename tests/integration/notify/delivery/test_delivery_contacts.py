"""Responders and teams over HTTP: secrets at rest, masks in sight, a test page that really leaves."""

from __future__ import annotations

import json

import pytest

from services.notify.handlers.page_responder import page_responder
from services.notify.service import build
from services.notify.settings.delivery import DeliverySettings
from services.notify.store.responders import find_responder

SECRET = "json://user:s3cretpass@hooks.example.org/path/k3y"


@pytest.fixture
async def api(kit, settings, make_client):
    return await make_client([build(kit, delivery=settings)])


async def put(api, slug, **doc):
    answer = await api.post("/api/v1/responders", json={"id": slug, "name": slug.capitalize(), **doc})
    assert answer.status_code == 201, answer.text
    return answer


async def test_an_apprise_url_is_sealed_at_rest_and_never_shown_again(kit, api, scene):
    made = await put(api, "alice", contacts=[{"kind": "apprise", "address": SECRET}])
    read = await api.get("/api/v1/responders/alice")
    versions = await api.get("/api/v1/responders/alice/versions")

    shown = made.json()["contacts"][0]["address"]
    assert shown.startswith("json://hidden-")
    assert read.json()["contacts"][0]["address"] == shown
    assert versions.json()["items"][0]["doc"]["contacts"][0]["address"] == shown
    everything = json.dumps(
        [
            await scene.rows("SELECT CAST(doc AS text) FROM notify.resources"),
            await scene.rows("SELECT CAST(doc AS text) FROM notify.resource_versions"),
            await scene.rows("SELECT CAST(after AS text) FROM kit.audit"),
            made.text + read.text + versions.text,
        ]
    )
    assert "s3cretpass" not in everything
    assert "k3y" not in everything
    assert "hooks.example.org" not in everything


async def test_sending_the_masked_address_back_keeps_the_stored_one(kit, api):
    made = await put(api, "alice", contacts=[{"kind": "apprise", "address": SECRET}])
    async with kit.database.transaction() as tx:
        before = await find_responder(tx, "alice")
    doc = made.json()
    same = await api.put("/api/v1/responders/alice", json=doc, headers={"If-Match": made.headers["ETag"]})
    assert same.headers["ETag"] == made.headers["ETag"], "nothing changed, so there is no new version"

    doc["contacts"].insert(0, {"kind": "sms", "address": "06 12 34 56 78"})
    changed = await api.put("/api/v1/responders/alice", json=doc, headers={"If-Match": made.headers["ETag"]})

    assert changed.status_code == 200, changed.text
    assert [contact["address"] for contact in changed.json()["contacts"]] == [
        "+33612345678",
        made.json()["contacts"][0]["address"],
    ]
    async with kit.database.transaction() as tx:
        after = await find_responder(tx, "alice")
    assert before is not None
    assert after is not None
    assert after.contacts[1] == before.contacts[0]


@pytest.mark.parametrize(
    ("contact", "problem"),
    [
        ({"kind": "apprise", "address": "pigeon://coop/s3cret"}, "no service 'pigeon'"),
        ({"kind": "apprise", "address": "tgram://s3cret"}, "does not accept"),
        ({"kind": "apprise", "address": "json://hidden-abcdef"}, "stands for none"),
        ({"kind": "apprise", "address": "sealed://json/abcdef/gAAA"}, "stands for none"),
        ({"kind": "sms", "address": "12"}, "not a phone number"),
        ({"kind": "email", "address": "alice"}, "not an e-mail address"),
    ],
)
async def test_an_address_that_cannot_work_is_refused_with_its_place_and_a_fix(api, contact, problem):
    answer = await api.post("/api/v1/responders", json={"name": "Alice", "contacts": [contact]})

    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["field"].startswith("contacts[0]")
    assert problem in fault["problem"]
    assert fault["fix"]
    assert "s3cret" not in answer.text


async def test_a_masked_address_of_somebody_else_is_worth_nothing(api):
    made = await put(api, "alice", contacts=[{"kind": "apprise", "address": SECRET}])

    stolen = await api.post("/api/v1/responders", json={"name": "Eve", "contacts": made.json()["contacts"]})

    assert stolen.status_code == 422


@pytest.mark.parametrize(
    ("path", "doc"),
    [
        (
            "schedules/astreinte",
            {
                "name": "Astreinte",
                "rotation": {"responders": ["alice"], "starts_on": "2026-03-02", "handoff": "09:00"},
            },
        ),
        (
            "policies/nuit",
            {
                "name": "Nuit",
                "steps": [{"after_minutes": 0, "targets": [{"kind": "responder", "id": "alice"}]}],
            },
        ),
    ],
)
async def test_a_responder_that_somebody_counts_on_stays(api, path, doc):
    made = await put(api, "alice", contacts=[{"kind": "sms", "address": "+33612345678"}])
    named = await api.put(f"/api/v1/{path}", json=doc, headers={"If-None-Match": "*"})
    assert named.status_code == 201, named.text
    match = {"If-Match": made.headers["ETag"]}

    refused = await api.delete("/api/v1/responders/alice", headers=match)
    assert refused.status_code == 409
    assert path.partition("/")[2] in refused.json()["detail"]
    assert (await api.get("/api/v1/responders/alice")).status_code == 200

    await api.delete(f"/api/v1/{path}", headers={"If-Match": named.headers["ETag"]})
    assert (await api.delete("/api/v1/responders/alice", headers=match)).status_code == 204


async def test_a_test_page_goes_out_to_each_contact_and_says_how_it_went(kit, make_client, serve_mail, scene):
    mailbox = await serve_mail()
    mailbox.refusals["old@example.org"] = "550 5.1.1 No such user"
    settings = DeliverySettings(
        email_url=f"mailto://127.0.0.1:{mailbox.port}?from=veille@example.org&mode=insecure",
        chat_url="sandbox://",
    )
    api = await make_client([build(kit, delivery=settings)])
    contacts = [
        {"kind": "email", "address": "alice@example.org"},
        {"kind": "email", "address": "old@example.org"},
        {"kind": "chat", "address": "#astreinte"},
        {"kind": "sms", "address": "+33612345678"},
        {"kind": "apprise", "address": "sandbox://room"},
    ]
    await put(api, "alice", contacts=contacts)

    report = await api.post("/api/v1/responders/alice/test-page")

    assert report.status_code == 200, report.text
    assert [
        (one["channel"], one["address"], one["state"], one["code"]) for one in report.json()["proofs"]
    ] == [
        ("email", "a***@example.org", "sent", "accepted"),
        ("email", "o***@example.org", "failed", "550"),
        ("chat", "#astreinte", "sent", "recorded"),
        ("sms", "+336***78", "failed", "channel_not_configured"),
        ("apprise", "sandbox://hidden-" + report.json()["proofs"][4]["address"][-6:], "sent", "recorded"),
    ]
    assert mailbox.recipients == ["alice@example.org"]
    assert "message d'essai" in mailbox.messages[0]["Subject"]
    assert await scene.rows("SELECT action FROM kit.audit WHERE action = 'test-page'") == [
        {"action": "test-page"}
    ]
    assert await scene.ledger("state") == [], "a test is no page"
    assert (await api.post("/api/v1/responders/nobody/test-page")).status_code == 404


async def test_the_sandbox_is_read_in_order_and_by_alert(kit, api, scene, settings, make_runtime):
    await scene.person("Alice", ("sms", "+33612345678"), ("chat", "#astreinte"))
    first, second = await scene.alert(), await scene.alert(headline="Autre chose")
    page_id = await scene.page(first)
    runtime = await make_runtime([build(kit, delivery=settings)])
    await runtime.settle()
    await scene.page(second)
    await runtime.settle()

    page = (await api.get("/api/v1/sandbox/messages", params={"limit": 3})).json()
    rest = (await api.get("/api/v1/sandbox/messages", params={"limit": 3, "after": page["next"]})).json()
    of_first = (await api.get("/api/v1/sandbox/messages", params={"alert": str(first)})).json()["items"]

    assert (len(page["items"]), len(rest["items"]), rest["next"]) == (3, 1, None)
    assert {(one["kind"], one["recipient"], one["page_id"]) for one in of_first} == {
        ("sms", "+33612345678", str(page_id)),
        ("chat", "#astreinte", str(page_id)),
    }
    assert all("http://veilleur.test/p/" in one["body"] for one in of_first)


async def test_the_ledger_is_read_by_alert_person_and_state(kit, api, scene, settings, make_runtime):
    await scene.person("Alice", ("email", "alice@example.org"))
    await scene.person("Bruno", ("sms", "+33612345678"))
    first, second = await scene.alert(), await scene.alert()
    sent = [await scene.page(first)]
    runtime = await make_runtime([build(kit, delivery=settings)])
    await runtime.settle()
    kit.clock.advance(minutes=1)
    sent.append(await scene.page(second, "bruno"))

    async def listed(**filters):
        found = (await api.get("/api/v1/pages", params=filters)).json()
        return [one["id"] for one in found["items"]]

    assert await listed() == [str(sent[1]), str(sent[0])]
    assert await listed(alert=str(first)) == [str(sent[0])]
    assert await listed(responder="bruno") == [str(sent[1])]
    assert await listed(state="sent") == [str(sent[0])]
    assert await listed(state="queued") == [str(sent[1])]
    assert await listed(state="uncertain") == []
    start = (await api.get("/api/v1/pages", params={"limit": 1})).json()["next"]
    assert await listed(after=start) == [str(sent[0])]

    one = (await api.get(f"/api/v1/pages/{sent[0]}")).json()
    (delivery,) = one["deliveries"]
    assert (one["name"], one["reason"]["code"], one["round"], one["step"]) == ("Alice", "paged", 0, 0)
    assert (delivery["channel"], delivery["address"], delivery["state"]) == (
        "email",
        "a***@example.org",
        "sent",
    )
    assert delivery["queued_at"] == delivery["finished_at"] == "2026-03-02T08:00:00Z"
    assert delivery["machine_finished_at"] >= delivery["machine_started_at"]
    assert "alice@example.org" not in json.dumps(one)


@pytest.mark.parametrize(
    ("doc", "code"),
    [
        (None, "responder_unknown"),
        ({"active": False, "contacts": [{"kind": "sms", "address": "+33612345678"}]}, "responder_inactive"),
        ({"contacts": []}, "no_contact"),
    ],
)
async def test_who_cannot_be_paged_is_named_with_the_reason(kit, api, scene, doc, code):
    if doc is not None:
        await put(api, "alice", **doc)
    alert = await scene.alert()

    async with kit.database.transaction() as tx:
        outcome = await page_responder(
            tx, alert_id=alert, responder_id="alice", round=0, step=0, at=kit.clock.now()
        )

    assert (outcome.page_id, outcome.reason.code) == (None, code)
    assert await scene.rows("SELECT 1 FROM notify.pages") == []
