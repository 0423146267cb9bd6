"""Sends that fail: tried again while it may help, given up by name, and then somebody else is told."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from services.contracts.values import Reason
from services.notify.channels.protocol import ProviderAwayError, RefusedError
from services.notify.handlers.page_responder import page_fallback
from services.notify.settings.delivery import DeliverySettings
from services.notify.worker.sender import Sender, retry_ticker


async def drain(*senders):
    while any([await sender.run_once(wait=0) for sender in senders]):
        pass


async def test_a_passing_failure_backs_off_and_is_given_up_after_five(kit, clock, scene, sender, channels):
    channels.script["alice@example.org"] = ProviderAwayError("503", "busy")
    await scene.person("Alice", ("email", "alice@example.org"))
    alert = await scene.alert()
    await scene.page(alert)
    start, due = clock.now(), retry_ticker(kit).next_due
    waits = []

    await drain(sender)
    while (following := await due(clock.now())) is not None:
        waits.append(following - clock.now())
        clock.move_to(following)
        await drain(sender)

    assert waits == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8)]
    assert clock.now() - start == timedelta(minutes=15)
    attempts = await scene.ledger("kind", "attempt", "state", "code")
    assert attempts[:5] == [("email", number, "failed", "503") for number in range(1, 6)]
    assert attempts[5:] == [("fallback", 1, "sent", "accepted")]
    assert await scene.timeline(alert) == [
        *["send_retried"] * 4, "page_failed", "page_undelivered", "fallback_paged", "page_sent",
    ]  # fmt: skip


async def test_a_final_failure_of_every_contact_goes_to_the_fallback_at_once(scene, sender, channels):
    channels.script["alice@example.org"] = RefusedError("550", "no such user")
    channels.script["+33612345678"] = RefusedError("21610", "opted out")
    await scene.person("Alice", ("email", "alice@example.org"), ("sms", "+33612345678"))
    alert = await scene.alert()
    await scene.page(alert)

    await drain(sender)

    assert Counter(await scene.ledger("kind", "state")) == {
        ("email", "failed"): 1,
        ("sms", "failed"): 1,
        ("fallback", "sent"): 1,
    }
    assert (await scene.timeline(alert)).count("fallback_paged") == 1


async def test_one_contact_that_works_is_enough(scene, sender, channels):
    channels.script["alice@example.org"] = RefusedError("550", "no such user")
    await scene.person("Alice", ("email", "alice@example.org"), ("sms", "+33612345678"))
    alert = await scene.alert()
    await scene.page(alert)

    await drain(sender)

    assert Counter(await scene.ledger("kind", "state")) == {("email", "failed"): 1, ("sms", "sent"): 1}
    assert "fallback_paged" not in await scene.timeline(alert)


async def test_a_channel_nobody_configured_fails_by_name_and_the_others_go_on(kit, scene):
    settings = DeliverySettings(sms_url="sandbox://")
    await scene.person("Alice", ("email", "alice@example.org"), ("sms", "+33612345678"))
    await scene.page(await scene.alert())

    await drain(Sender(kit, settings))

    assert await scene.ledger("kind", "state", "code") == [
        ("email", "failed", "channel_not_configured"),
        ("sms", "sent", "recorded"),
    ]


async def test_without_a_fallback_it_says_so(kit, scene, caplog):
    await scene.person("Alice", ("email", "alice@example.org"))
    alert = await scene.alert()
    await scene.page(alert)

    await drain(Sender(kit, DeliverySettings()))

    assert await scene.timeline(alert) == ["page_failed", "page_undelivered", "no_fallback"]
    assert "Nobody can be reached" in caplog.text


async def test_the_fallback_is_told_why_and_may_answer_too(kit, scene, settings):
    alert = await scene.alert()
    why = Reason(code="slot_empty", text="personne n'est d'astreinte à cette heure")
    async with kit.database.transaction() as tx:
        outcome = await page_fallback(tx, alert_id=alert, why=why, at=kit.clock.now(), settings=settings)
    assert outcome.reason.code == "fallback_paged"

    await drain(Sender(kit, settings))

    (message,) = await scene.rows("SELECT kind, recipient, body FROM notify.sandbox_messages")
    assert (message["kind"], message["recipient"]) == ("apprise", "fallback")
    assert "Pourquoi vous\u00a0: personne n'est d'astreinte à cette heure." in message["body"]
    assert "http://veilleur.test/p/" in message["body"]


async def test_a_broken_channel_is_a_failure_of_its_own_and_is_logged(scene, sender, channels, caplog):
    channels.script["alice@example.org"] = ZeroDivisionError("a bug")
    await scene.person("Alice", ("email", "alice@example.org"), ("sms", "+33612345678"))
    await scene.page(await scene.alert())

    await drain(sender)

    assert await scene.ledger("kind", "state", "code") == [
        ("email", "failed", "internal_error"),
        ("email", "queued", None),
        ("sms", "sent", "accepted"),
    ]
    assert "a bug" in caplog.text


async def test_a_fallback_that_refuses_is_told_where_somebody_may_still_look(scene, sender, channels, caplog):
    channels.script["alice@example.org"] = RefusedError("550", "no such user")
    channels.script[""] = RefusedError("404", "no such room")
    await scene.person("Alice", ("email", "alice@example.org"))
    alert = await scene.alert()
    await scene.page(alert)

    await drain(sender)

    assert f"The fallback cannot be told about alert {alert}: 404" in caplog.text
    assert (await scene.timeline(alert))[-1] == "page_failed"
