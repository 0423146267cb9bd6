"""Documents that this version cannot read (restored, downgraded, torn): each costs itself, and somebody is paged."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.contracts import topics
from services.contracts.codec import Message, encode
from services.contracts.events import AlertRaised
from services.contracts.values import Reference, Severity, Situation
from services.kit.clock import ManualClock
from services.kit.context import Kit
from services.notify.service import build
from services.notify.settings.delivery import DeliverySettings

SANDBOX = DeliverySettings.model_validate(
    {"sms_url": "sandbox://", "fallback_url": "sandbox://", "email_url": "sandbox://"}
)
TORN = {"shape": "of another version"}
ALICE = {"name": "Alice", "contacts": [{"kind": "sms", "address": "+33600000001"}]}
STEPS = [{"targets": [{"kind": "schedule", "id": "nuit"}, {"kind": "responder", "id": "alice"}]}]
POLICY = {"name": "Nuit", "steps": STEPS, "repeats": 0}


async def write(kit: Kit, kind: str, identifier: str, doc: dict[str, Any]) -> None:
    """Write past the API, as a restored backup does."""
    async with kit.database.transaction() as tx:
        await tx.execute(
            text("""
                INSERT INTO notify.resources (kind, id, version, brand, doc, created_at, updated_at, updated_by)
                VALUES (:kind, :id, 1, :brand, CAST(:doc AS jsonb), :at, :at, 'test')
            """),
            {
                "kind": kind,
                "id": identifier,
                "brand": doc.get("brand"),
                "doc": json.dumps(doc),
                "at": kit.clock.now(),
            },
        )


def raised(kit: Kit) -> AlertRaised:
    at = kit.clock.now()
    return AlertRaised(
        brand="lumen",
        alert_id=uuid4(),
        rule=Reference(id="bad-buzz", version=2, name="Bad buzz"),
        severity=Severity.CRITICAL,
        dedup_key="lumen",
        headline="42 mentions",
        began_at=at,
        raised_at=at,
        situation=Situation(mentions=42, authors=40, negative_share=0.9, reach=120_000, max_risk=88),
    )


async def pages(kit: Kit) -> list[tuple[UUID, str]]:
    async with kit.database.transaction() as tx:
        rows = await tx.execute(
            text("SELECT alert_id, coalesce(responder_id, kind) FROM notify.pages ORDER BY 2")
        )
        return [(row[0], row[1]) for row in rows]


@pytest.mark.parametrize(
    ("kind", "identifier"),
    [("coverage", "lumen"), ("policy", "old"), ("schedule", "nuit"), ("responder", "bruno")],
)
async def test_a_document_that_cannot_be_read_keeps_nobody_asleep(
    kit: Kit, make_runtime: Any, kind: str, identifier: str
) -> None:
    steps = [{"targets": [*STEPS[0]["targets"], {"kind": "responder", "id": "bruno"}]}]
    await write(kit, "responder", "alice", ALICE)
    await write(kit, "policy", "nuit", {**POLICY, "steps": steps})
    await write(kit, kind, identifier, TORN)
    runtime = await make_runtime([build(kit, delivery=SANDBOX)])
    await kit.bus.ensure(topics.ALL)
    alert = raised(kit)

    await kit.bus.publish([encode(alert, kit.clock.now())])
    await runtime.settle()

    assert await pages(kit) == [(alert.alert_id, "alice")]


async def test_an_alert_that_cannot_be_read_pages_the_fallback_whatever_else_is_broken(
    kit: Kit, make_runtime: Any
) -> None:
    """What stopped the message may be what decides about messages: then nothing is left but the fallback."""
    await write(kit, "policy", "nuit", POLICY)
    runtime = await make_runtime([build(kit, delivery=SANDBOX)])
    await kit.bus.ensure(topics.ALL)
    async with kit.database.transaction() as tx:
        await tx.execute(text("ALTER TABLE notify.resources RENAME COLUMN doc TO document"))

    await kit.bus.publish([encode(raised(kit), kit.clock.now()), torn_message()])
    await runtime.settle()

    assert [who for _, who in await pages(kit)] == ["fallback", "fallback"]


def torn_message() -> Message:
    return Message(topics.ALERTS, "lumen", b"torn", {}, "lumen")


async def test_an_alert_from_a_machine_whose_clock_is_ahead_is_paged_now(
    kit: Kit, clock: ManualClock, make_runtime: Any
) -> None:
    await write(kit, "responder", "alice", ALICE)
    await write(kit, "policy", "nuit", POLICY)
    runtime = await make_runtime([build(kit, delivery=SANDBOX)])
    await kit.bus.ensure(topics.ALL)
    alert = raised(kit)

    await kit.bus.publish([encode(alert, clock.now() + timedelta(minutes=20))])
    await runtime.settle()

    async with kit.database.transaction() as tx:
        states = (await tx.execute(text("SELECT state FROM notify.deliveries"))).scalars().all()
    assert states == ["sent"]
