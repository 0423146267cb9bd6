"""What providers, crashes and broken rows may do to one send, and what they must not do to all the others."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from services.notify.channels.protocol import RefusedError
from services.notify.domain.page import DeliveryState
from services.notify.handlers.send import claim_sends, lapse_sends, record_sends
from services.notify.settings.delivery import DeliverySettings
from services.notify.store.deliveries import Outcome
from services.notify.worker.sender import Sender

PATIENCE = 10
"""Machine seconds until a condition that should come at once counts as never."""


async def drain(*senders):
    while any([await sender.run_once(wait=0) for sender in senders]):
        pass


async def test_a_provider_that_answers_with_bytes_no_table_keeps_fails_alone(scene, sender, channels):
    channels.script["alice@example.org"] = RefusedError("5\x0050", "no \x00 such \ud800 user")
    await scene.person("Alice", ("email", "alice@example.org"), ("sms", "+33612345678"))
    alert = await scene.alert()
    await scene.page(alert)

    await drain(sender)

    assert await scene.ledger("kind", "state", "code", "detail") == [
        ("email", "failed", "550", "no  such ? user"),
        ("sms", "sent", "accepted", ""),
    ]
    assert (await scene.timeline(alert)).count("page_failed") == 1


async def _break(scene, alert):
    """An alert whose timeline takes no entry: its events can no longer be written as this version writes them."""
    async with scene.kit.database.transaction() as tx:
        await tx.exec_driver_sql(f"UPDATE notify.alerts SET brand = 'Not A Slug' WHERE id = '{alert}'")


async def test_a_result_that_cannot_be_written_holds_no_other_result_and_no_other_page(
    scene, sender, channels, caplog
):
    await scene.person("Alice", ("email", "alice@example.org"))
    await scene.person("Bruno", ("email", "bruno@example.org"))
    broken, sound = await scene.alert(), await scene.alert()
    await scene.page(broken, "alice")
    await scene.page(sound, "bruno")
    await _break(scene, broken)

    await drain(sender)

    assert dict(await scene.ledger("masked", "state")) == {
        "a***@example.org": "sending",
        "b***@example.org": "sent",
    }
    assert "cannot be written" in caplog.text
    await scene.page(sound, "bruno", step=1)
    await drain(sender)
    assert channels.sent == {"alice@example.org": 1, "bruno@example.org": 2}


async def test_a_lapsed_send_that_cannot_be_told_holds_no_other_page(kit, scene, channels, caplog):
    lapsing = DeliverySettings(send_lease=0)
    await scene.person("Alice", ("email", "alice@example.org"))
    await scene.person("Bruno", ("email", "bruno@example.org"))
    broken, sound = await scene.alert(), await scene.alert()
    await scene.page(broken, "alice")
    async with kit.database.transaction() as tx:
        await claim_sends(tx, kit, lapsing, busy={}, claim_id=uuid4())
    await _break(scene, broken)
    await scene.page(sound, "bruno")

    await drain(Sender(kit, lapsing, channels=channels))

    assert channels.sent == {"bruno@example.org": 1}
    assert "lapsed sends could not be written" in caplog.text


async def test_a_result_told_twice_has_its_consequences_once(kit, clock, scene, settings):
    """The connection broke while the result was committed: nobody knows whether it was, so it is told again."""
    await scene.person("Alice", ("email", "alice@example.org"))
    alert = await scene.alert()
    await scene.page(alert)
    async with kit.database.transaction() as tx:
        (errand,) = await claim_sends(tx, kit, settings, busy={}, claim_id=uuid4())
    failed = [Outcome(errand.claimed, DeliveryState.FAILED, "550", "no such user")]
    for _ in range(2):
        async with kit.database.transaction() as tx:
            await record_sends(tx, kit, settings, failed)
        clock.advance(seconds=5)

    assert sorted(await scene.ledger("kind", "state")) == [("email", "failed"), ("fallback", "queued")]
    assert (await scene.timeline(alert)).count("page_failed") == 1


async def test_an_uncertain_result_told_twice_is_told_once(kit, scene, settings):
    await scene.person("Alice", ("email", "alice@example.org"))
    alert = await scene.alert()
    await scene.page(alert)
    async with kit.database.transaction() as tx:
        (errand,) = await claim_sends(tx, kit, settings, busy={}, claim_id=uuid4())
    timed_out = [Outcome(errand.claimed, DeliveryState.UNCERTAIN, "timeout", retry=True)]
    for _ in range(2):
        async with kit.database.transaction() as tx:
            await record_sends(tx, kit, settings, timed_out)

    assert await scene.timeline(alert) == ["send_uncertain"]


async def test_where_two_sends_left_the_ledger_goes_on_saying_why(kit, scene, channels):
    """A sender stands still past its lease, another sends again, and then the first one's result arrives."""
    leaving, back = asyncio.Event(), asyncio.Event()

    async def linger():
        leaving.set()
        await back.wait()

    channels.script["alice@example.org"] = linger
    await scene.person("Alice", ("email", "alice@example.org"))
    await scene.page(await scene.alert())
    lapsing = DeliverySettings(send_lease=0)
    stopped = Sender(kit, lapsing, channels=channels)
    sending = asyncio.create_task(stopped.run_once(wait=0))
    await asyncio.wait_for(leaving.wait(), PATIENCE)
    async with kit.database.transaction() as tx:
        assert await lapse_sends(tx, kit, lapsing) == 1
    del channels.script["alice@example.org"]
    await drain(Sender(kit, DeliverySettings(), channels=channels))

    back.set()
    await sending

    assert channels.sent["alice@example.org"] == 2
    assert await scene.ledger("attempt", "state", "code") == [
        (1, "uncertain", "sent_late"),
        (2, "sent", "accepted"),
    ]
