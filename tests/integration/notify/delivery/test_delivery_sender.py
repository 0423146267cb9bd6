"""The sender: once each, at least once after a crash, never after an answer, and nobody waits for a slow one."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from services.contracts.errors import RetryableError
from services.notify.handlers.acknowledge_alert import acknowledge_alert
from services.notify.handlers.send import claim_sends, lapse_sends
from services.notify.service import build
from services.notify.settings.delivery import DeliverySettings
from services.notify.worker.sender import Sender

PATIENCE = 10
"""Machine seconds until a condition that should come at once counts as never."""


async def drain(*senders):
    while any([await sender.run_once(wait=0) for sender in senders]):
        pass


async def take(kit, alert_id, actor="Bruno"):
    async with kit.database.transaction() as tx:
        await acknowledge_alert(tx, alert_id=alert_id, actor=actor, at=kit.clock.now())


async def test_every_contact_of_a_person_is_tried_at_once_in_order(scene, sender, channels):
    await scene.person("Alice", ("sms", "0612345678"), ("email", "alice@example.org"), ("chat", "#astreinte"))
    alert = await scene.alert()
    await scene.page(alert)
    await scene.page(alert)  # deciding again changes nothing

    await drain(sender)

    assert await scene.ledger("kind", "masked", "state", "attempt") == [
        ("sms", "+336***78", "sent", 1),
        ("email", "a***@example.org", "sent", 1),
        ("chat", "#astreinte", "sent", 1),
    ]
    assert channels.sent == {"+33612345678": 1, "alice@example.org": 1, "#astreinte": 1}
    assert await scene.timeline(alert) == ["page_sent"] * 3


async def test_the_ledger_says_sending_before_anything_leaves(scene, sender, channels):
    seen = []

    async def look():
        seen.extend(await scene.ledger("state"))

    channels.script["alice@example.org"] = look
    await scene.person("Alice", ("email", "alice@example.org"))
    await scene.page(await scene.alert())

    await drain(sender)

    assert seen == [("sending",)]


async def test_a_crash_between_claim_and_result_is_uncertain_and_sent_again(kit, scene, channels):
    await scene.person("Alice", ("email", "alice@example.org"))
    alert = await scene.alert()
    await scene.page(alert)
    crashing = DeliverySettings(send_lease=0)
    async with kit.database.transaction() as tx:
        claimed = await claim_sends(tx, kit, crashing, busy={}, claim_id=alert)
    assert len(claimed) == 1, "claimed, committed, and then the process is gone"

    await drain(Sender(kit, crashing, channels=channels))

    assert await scene.ledger("attempt", "state", "code") == [
        (1, "uncertain", "lease_lapsed"),
        (2, "sent", "accepted"),
    ]
    assert channels.sent["alice@example.org"] == 1
    assert await scene.timeline(alert) == ["send_uncertain", "page_sent"]


async def test_a_lease_that_still_runs_is_left_alone(kit, scene, settings, sender, channels):
    await scene.person("Alice", ("email", "alice@example.org"))
    alert = await scene.alert()
    await scene.page(alert)
    async with kit.database.transaction() as tx:
        await claim_sends(tx, kit, settings, busy={}, claim_id=alert)

    assert not await sender.run_once(wait=0)
    assert await scene.ledger("state") == [("sending",)]
    assert channels.sent == {}


async def test_a_result_that_comes_after_its_lease_still_counts(kit, scene, channels):
    leaving, back = asyncio.Event(), asyncio.Event()

    async def linger():
        leaving.set()
        await back.wait()

    channels.script["alice@example.org"] = linger
    await scene.person("Alice", ("email", "alice@example.org"))
    await scene.page(await scene.alert())
    slow = Sender(kit, DeliverySettings(send_lease=0), channels=channels)
    sending = asyncio.create_task(slow.run_once(wait=0))
    await asyncio.wait_for(leaving.wait(), PATIENCE)
    async with kit.database.transaction() as tx:
        assert await lapse_sends(tx, kit, DeliverySettings(send_lease=0)) == 1

    back.set()
    await sending

    assert await scene.ledger("attempt", "state", "code") == [
        (1, "sent", "accepted"),
        (2, "cancelled", "sent_before"),
    ]


async def test_after_an_answer_nothing_is_claimed_any_more(kit, scene, channels):
    """Ten are queued, one is on its way: the answer stops the other nine."""
    leaving, gone = asyncio.Event(), asyncio.Event()

    async def linger():
        leaving.set()
        await gone.wait()

    alert = await scene.alert()
    for number in range(10):
        channels.script[f"person{number}@example.org"] = linger
        await scene.person(f"Person{number}", ("email", f"person{number}@example.org"))
        await scene.page(alert, f"person{number}")
    one_at_a_time = Sender(kit, DeliverySettings(sends_per_provider=1), channels=channels)
    sending = asyncio.create_task(one_at_a_time.run_once(wait=0))
    await asyncio.wait_for(leaving.wait(), PATIENCE)

    await take(kit, alert)
    gone.set()
    await sending
    await drain(one_at_a_time)

    assert channels.sent.total() == 1
    assert Counter(await scene.ledger("state")) == {("sent",): 1, ("cancelled",): 9}


async def test_an_answer_that_is_being_written_holds_the_claim_off(kit, scene, settings, sender, channels):
    """Between the answer's write and its commit a claim sees nothing to take; after it, nothing is left."""
    await scene.person("Alice", ("email", "alice@example.org"))
    alert = await scene.alert()
    await scene.page(alert)
    async with kit.database.transaction() as answering:
        await acknowledge_alert(answering, alert_id=alert, actor="Bruno", at=kit.clock.now())
        async with kit.database.transaction() as tx:
            assert await claim_sends(tx, kit, settings, busy={}, claim_id=alert) == []

    await drain(sender)

    assert channels.sent == {}


async def test_a_page_queued_by_somebody_who_had_not_seen_the_answer_does_not_leave(
    kit, scene, sender, channels
):
    await scene.person("Alice", ("email", "alice@example.org"))
    alert = await scene.alert()
    await take(kit, alert)
    await scene.page(alert)  # decided from what was true before

    await drain(sender)

    assert channels.sent == {}
    assert await scene.ledger("state", "code") == [("cancelled", "alert_answered")]


async def test_many_senders_send_each_once(kit, scene, settings, channels):
    for number in range(40):
        await scene.person(f"Person{number}", ("email", f"person{number}@example.org"))
        await scene.page(await scene.alert(), f"person{number}")
    senders = [Sender(kit, settings, channels=channels) for _ in range(5)]

    await asyncio.gather(*(drain(sender) for sender in senders))

    assert len(channels.sent) == 40
    assert set(channels.sent.values()) == {1}
    assert Counter(await scene.ledger("state", "attempt")) == {("sent", 1): 40}


async def test_a_provider_that_hangs_holds_nobody_else(kit, scene, channels):
    """More hang than a lane holds, and the other provider's page still leaves and is recorded meanwhile."""
    hang = asyncio.Event()
    settings = DeliverySettings(sends_per_provider=2)
    sender = Sender(kit, settings, channels=channels)
    for number in range(4):
        channels.script[f"person{number}@example.org"] = hang.wait
        await scene.person(f"Person{number}", ("email", f"person{number}@example.org"))
        await scene.page(await scene.alert(), f"person{number}")
    await scene.person("Alice", ("sms", "+33612345678"))
    await scene.page(await scene.alert())

    await sender.run_once(wait=PATIENCE)

    states = dict(await scene.ledger("address", "state"))
    assert states.pop("+33612345678") == "sent"
    assert Counter(states.values()) == {"sending": 2, "queued": 2}
    await scene.page(await scene.alert(), "alice")
    await sender.run_once(wait=PATIENCE)
    assert channels.sent["+33612345678"] == 2, "also what is queued while they hang"
    hang.set()
    await drain(sender)
    assert Counter(await scene.ledger("state")) == {("sent",): 6}


async def test_a_send_that_takes_too_long_is_uncertain_and_tried_again(kit, clock, scene, channels):
    settings = DeliverySettings(send_timeout=0.01)
    channels = type(channels)(kit, settings)
    channels.script["alice@example.org"] = asyncio.Event().wait
    sender = Sender(kit, settings, channels=channels)
    await scene.person("Alice", ("email", "alice@example.org"))
    await scene.page(await scene.alert())

    await drain(sender)

    assert await scene.ledger("state", "code") == [("uncertain", "timeout"), ("queued", None)]
    del channels.script["alice@example.org"]
    clock.advance(minutes=1)
    await drain(sender)
    assert await scene.ledger("state") == [("uncertain",), ("sent",)]


async def test_a_result_survives_a_database_that_is_away(scene, sender, channels, monkeypatch):
    await scene.person("Alice", ("email", "alice@example.org"))
    await scene.page(await scene.alert())
    away = RetryableError("the database is away")

    async def fail(*_, **__):
        raise away

    with monkeypatch.context() as patch:
        patch.setattr("services.notify.worker.sender.record_sends", fail)
        with pytest.raises(RetryableError):
            await sender.run_once(wait=0)
    await drain(sender)

    assert channels.sent["alice@example.org"] == 1
    assert await scene.ledger("state", "attempt") == [("sent", 1)]


async def test_closing_waits_for_what_is_in_flight_and_records_it(scene, sender, channels):
    leaving, back = asyncio.Event(), asyncio.Event()

    async def linger():
        leaving.set()
        await back.wait()

    channels.script["alice@example.org"] = linger
    await scene.person("Alice", ("email", "alice@example.org"))
    await scene.page(await scene.alert())
    running = asyncio.create_task(sender.run_once(wait=PATIENCE))
    await asyncio.wait_for(leaving.wait(), PATIENCE)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    closing = asyncio.create_task(sender.close())
    back.set()

    await asyncio.wait_for(closing, PATIENCE)

    assert await scene.ledger("state") == [("sent",)]


async def test_a_queued_page_wakes_an_idle_sender(scene, sender, channels, monkeypatch):
    idle, wakes = asyncio.Event(), scene.kit.database.wakes
    wait = wakes.wait

    def watched(*names, **limits):
        idle.set()
        return wait(*names, **limits)

    monkeypatch.setattr(wakes, "wait", watched)
    await scene.person("Alice", ("email", "alice@example.org"))
    alert = await scene.alert()
    waiting = asyncio.create_task(sender.run_once(wait=60))
    await asyncio.wait_for(idle.wait(), PATIENCE)

    await scene.page(alert)
    await asyncio.wait_for(waiting, PATIENCE)
    await drain(sender)

    assert channels.sent["alice@example.org"] == 1


async def test_a_settled_runtime_has_sent_everything(kit, scene, settings, make_runtime):
    await scene.person("Alice", ("email", "alice@example.org"), ("sms", "+33612345678"))
    await scene.page(await scene.alert())
    runtime = await make_runtime([build(kit, delivery=settings)])

    await runtime.settle()

    assert await scene.ledger("state") == [("sent",), ("sent",)]
    assert await scene.rows("SELECT kind, recipient FROM notify.sandbox_messages ORDER BY kind") == [
        {"kind": "email", "recipient": "alice@example.org"},
        {"kind": "sms", "recipient": "+33612345678"},
    ]
