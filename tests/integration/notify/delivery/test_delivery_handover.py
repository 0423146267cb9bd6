"""Monday morning: the team finds what happened, once, in its language."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.notify.domain.alert import Verdict
from services.notify.domain.responder import Contact, Team
from services.notify.handlers.acknowledge_alert import acknowledge_alert
from services.notify.handlers.handover import hand_over
from services.notify.handlers.keep_contacts import teams
from services.notify.handlers.resolve_alert import resolve_alert
from services.notify.service import build
from services.notify.settings.delivery import DeliverySettings


@pytest.fixture
async def night(kit, clock, scene, settings, make_runtime):
    """Friday evening to Monday morning; Alice did not answer, Bruno did, one alert was false, one is old."""
    start = clock.now()
    await scene.alert(headline="Bien avant, close", raised_at=start - timedelta(days=3))
    old = await scene.rows("SELECT id FROM notify.alerts")
    async with kit.database.transaction() as tx:
        await resolve_alert(
            tx,
            alert_id=old[0]["id"],
            actor="Alice",
            at=start - timedelta(days=2),
            verdict=Verdict.REAL,
            note=None,
        )
    await scene.alert(headline="Bien avant, toujours ouverte", raised_at=start - timedelta(days=3))
    await scene.alert(headline="Une autre marque", brand="autre")
    await scene.person("Alice", ("email", "alice@example.org"))
    await scene.person("Bruno", ("sms", "+33612345678"))
    runtime = await make_runtime([build(kit, delivery=settings)])
    alert = await scene.alert(headline="Un appel au boycott enfle")
    await scene.page(alert)
    await runtime.settle()
    clock.advance(minutes=10)
    await scene.page(alert, "bruno", step=1)
    await runtime.settle()
    false = await scene.alert(headline="Une blague")
    async with kit.database.transaction() as tx:
        await acknowledge_alert(tx, alert_id=alert, actor="Bruno", at=clock.now())
        await resolve_alert(
            tx, alert_id=false, actor="Bruno", at=clock.now(), verdict=Verdict.FALSE_ALARM, note=None
        )
    clock.advance(hours=10)
    return start


async def add_team(kit, name, *contacts, brand="lacombe", **changes):
    doc = Team(
        brand=brand, name=name, contacts=tuple(Contact(kind=k, address=a) for k, a in contacts), **changes
    )
    async with kit.database.transaction() as tx:
        await teams(kit).create(tx, id=name.lower(), doc=doc, by="test", at=kit.clock.now())


async def hand(kit, since):
    async with kit.database.transaction() as tx:
        await hand_over(tx, brand="lacombe", since=since, at=kit.clock.now())


async def test_the_team_gets_the_night_by_mail_and_over_the_api(
    kit, night, serve_mail, make_client, make_runtime
):
    mailbox = await serve_mail()
    url = f"mailto://127.0.0.1:{mailbox.port}?from=veille@example.org&mode=insecure"
    service = build(kit, delivery=DeliverySettings(email_url=url))
    await add_team(kit, "Veille", ("email", "equipe@example.org"))
    runtime, api = await make_runtime([service]), await make_client([service])

    await hand(kit, night)
    await hand(kit, night)  # the same minute again: a restart
    await runtime.settle()

    assert mailbox.recipients == ["equipe@example.org"]
    assert mailbox.messages[0]["Subject"] == "Relève, lacombe : 3 alertes, dont 2 à reprendre"
    for part in (mailbox.part("plain"), mailbox.part("html").replace("&#39;", "'")):
        text = part.replace("\u00a0", " ")
        assert "Un appel au boycott enfle" in text
        assert " : Alice, par e-mail, sans réponse" in text
        assert " : Bruno, par SMS, a répondu « je prends »" in text
        assert "Bruno s'en occupe depuis lundi 2 mars à 9 h 10. Encore ouverte." in text
        assert "Close : fausse alerte." in text
        assert "toujours ouverte" in text
        assert "Bien avant, close" not in text
        assert "Une autre marque" not in text

    listed = (await api.get("/api/v1/handovers", params={"brand": "lacombe"})).json()["items"]
    assert len(listed) == 1
    read = (await api.get(f"/api/v1/handovers/{listed[0]['id']}")).json()
    assert read == listed[0]
    assert [alert["headline"] for alert in read["content"]["alerts"]] == [
        "Bien avant, toujours ouverte",
        "Un appel au boycott enfle",
        "Une blague",
    ]
    assert (read["deliveries"][0]["state"], read["deliveries"][0]["address"]) == ("sent", "e***@example.org")
    assert (await api.get("/api/v1/handovers", params={"brand": "autre"})).json()["items"] == []


async def test_without_a_team_it_is_kept_for_reading(kit, night, make_client, scene):
    api = await make_client([build(kit)])
    before = len(await scene.ledger("id"))

    await hand(kit, night)

    (kept,) = (await api.get("/api/v1/handovers")).json()["items"]
    assert kept["team"] == ""
    assert "Un appel au boycott enfle" in kept["text"]
    assert len(await scene.ledger("id")) == before


async def test_an_english_team_reads_english_in_its_zone(kit, night, make_client):
    await add_team(kit, "Watch", language="en", zone="Europe/London")
    api = await make_client([build(kit)])

    await hand(kit, night)

    (kept,) = (await api.get("/api/v1/handovers")).json()["items"]
    assert "Bruno has had it since Monday 2 March at 08:10. Still open." in kept["text"]


async def test_what_was_told_stays_as_it_was_told(kit, clock, night, make_client, scene):
    api = await make_client([build(kit)])
    await hand(kit, night)
    (before,) = (await api.get("/api/v1/handovers")).json()["items"]
    (alert,) = await scene.rows("SELECT id FROM notify.alerts WHERE state = 'acknowledged'")
    async with kit.database.transaction() as tx:
        await resolve_alert(
            tx, alert_id=alert["id"], actor="Alice", at=clock.now(), verdict=Verdict.REAL, note=None
        )

    (after,) = (await api.get("/api/v1/handovers")).json()["items"]

    assert after == before
