"""Stories on the standing clock: rules raises an alert on the bus, and notify wakes people until somebody answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import text

from services.contracts import topics
from services.contracts.codec import Message, decode, encode
from services.contracts.events import AlertGrew, AlertRaised, AlertSubsided, BrandDefined, Event
from services.contracts.ids import derived
from services.contracts.values import Reason, Reference, Severity, Situation
from services.kit.clock import ManualClock
from services.kit.context import Kit
from services.kit.runtime import Runtime
from services.notify.service import build
from services.notify.settings.delivery import DeliverySettings

PARIS = ZoneInfo("Europe/Paris")
SITUATION = Situation(mentions=42, authors=40, negative_share=0.9, reach=120_000, max_risk=88)
SANDBOX = DeliverySettings.model_validate(
    {
        "email_url": "sandbox://",
        "sms_url": "sandbox://",
        "chat_url": "sandbox://",
        "fallback_url": "sandbox://",
    }
)


def paris(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=PARIS).astimezone(UTC)


@dataclass
class Desk:
    """A notify service with a brand, its team, two people on call and a policy."""

    kit: Kit
    clock: ManualClock
    runtime: Runtime
    http: httpx.AsyncClient

    async def say(self, *events: Event) -> None:
        """Publish events as their writers would, and let notify settle."""
        await self.kit.bus.publish([encode(event, self.clock.now()) for event in events])
        await self.runtime.settle()

    async def at(self, moment: str) -> None:
        """Move the clock, stopping wherever something is due on the way, as simulations do."""
        until = paris(moment)
        while (due := await self.runtime.next_due()) is not None and due <= until:
            self.clock.move_to(due)
            await self.runtime.settle()
        self.clock.move_to(until)
        await self.runtime.settle()

    async def put(self, path: str, **doc: Any) -> httpx.Response:
        answer = await self.http.put(path, json=doc, headers={"If-None-Match": "*"})
        assert answer.status_code == 201, answer.text
        return answer

    async def alert(self, alert_id: UUID) -> dict[str, Any]:
        answer = await self.http.get(f"/api/v1/alerts/{alert_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def codes(self, alert_id: UUID) -> list[str]:
        return [entry["reason"]["code"] for entry in (await self.alert(alert_id))["timeline"]]

    async def paged(self, alert_id: UUID) -> list[tuple[str, str]]:
        """Who was paged, at what time in Paris."""
        pages = (await self.alert(alert_id))["pages"]
        return [
            (
                page["responder_id"] or page["kind"],
                f"{datetime.fromisoformat(page['at']).astimezone(PARIS):%a %H:%M}",
            )
            for page in pages
        ]


@pytest.fixture
async def desk(kit: Kit, clock: ManualClock, make_runtime: Any, make_client: Any) -> Desk:
    service = build(kit, delivery=SANDBOX)
    desk = Desk(kit, clock, await make_runtime([service]), await make_client([service]))
    await kit.bus.ensure(topics.ALL)
    for name, number in (("alice", "+33600000001"), ("bruno", "+33600000002")):
        contacts = [{"kind": "sms", "address": number}]
        await desk.put(f"/api/v1/responders/{name}", name=name.title(), contacts=contacts)
    rotation = {"responders": ["alice"], "starts_on": "2026-01-05", "handoff": "18:00", "shift_days": 7}
    await desk.put("/api/v1/schedules/nuit", name="Nuit", rotation=rotation)
    week = [{"days": [1, 2, 3, 4, 5], "start": "09:00", "end": "18:00"}]
    await desk.put("/api/v1/coverage/lumen", brand="lumen", windows=week)
    steps = [
        {"after_minutes": 0, "targets": [{"kind": "schedule", "id": "nuit"}]},
        {"after_minutes": 10, "targets": [{"kind": "responder", "id": "bruno"}]},
    ]
    await desk.put("/api/v1/policies/nuit", name="Nuit", steps=steps, repeats=0, answer_minutes=15)
    return desk


def raised(desk: Desk, severity: Severity = Severity.CRITICAL, **fields: Any) -> AlertRaised:
    at = desk.clock.now()
    return AlertRaised.model_validate(
        {
            "brand": "lumen",
            "alert_id": derived("test-alert", at.isoformat()),
            "rule": Reference(id="bad-buzz", version=2, name="Bad buzz"),
            "severity": severity,
            "dedup_key": "lumen",
            "headline": "42 mentions négatives en 30 minutes",
            "began_at": at - timedelta(minutes=30),
            "raised_at": at,
            "situation": SITUATION,
            "reasons": (Reason(code="volume", text="14 fois l'habitude"),),
            **fields,
        }
    )


def grew(alert: AlertRaised, step: int, severity: Severity, at: datetime) -> AlertGrew:
    return AlertGrew(
        brand=alert.brand,
        alert_id=alert.alert_id,
        step=step,
        severity=severity,
        headline="Ça s'étend",
        at=at,
        situation=SITUATION,
    )


async def test_saturday_night_alice_sleeps_and_bruno_answers(desk: Desk) -> None:
    await desk.at("2026-03-07 23:10")
    alert = raised(desk)
    await desk.say(alert)
    assert await desk.paged(alert.alert_id) == [("alice", "Sat 23:10")]
    await desk.at("2026-03-07 23:20")
    assert await desk.paged(alert.alert_id) == [("alice", "Sat 23:10"), ("bruno", "Sat 23:20")]
    answer = await desk.http.post(f"/api/v1/alerts/{alert.alert_id}/acknowledge")
    assert (answer.status_code, answer.json()["changed"]) == (200, True)
    await desk.at("2026-03-08 23:00")
    assert len(await desk.paged(alert.alert_id)) == 2, "somebody was woken although the alert was taken"
    assert await desk.codes(alert.alert_id) == [
        "raised_by_rule",
        "volume",
        "off_hours",
        "urgency_high",
        "policy_by_default",
        "escalation_started",
        "step_started",
        "paged",
        "page_sent",
        "step_started",
        "paged",
        "page_sent",
        "acknowledged",
    ]
    shown = await desk.alert(alert.alert_id)
    assert (shown["off_hours"], shown["state"], shown["acknowledged_by"]) == (
        True,
        "acknowledged",
        "test-admin",
    )
    assert shown["run"]["next_due_at"] is None


async def test_the_team_finds_one_handover_on_monday(desk: Desk) -> None:
    await desk.at("2026-03-07 23:10")
    alert = raised(desk)
    await desk.say(alert)
    await desk.http.post(f"/api/v1/alerts/{alert.alert_id}/acknowledge")
    await desk.at("2026-03-09 08:59")
    assert (await desk.http.get("/api/v1/handovers")).json()["items"] == []
    await desk.at("2026-03-10 09:00")
    handovers = (await desk.http.get("/api/v1/handovers")).json()["items"]
    assert [handover["at"] for handover in handovers] == [
        paris("2026-03-09 09:00").isoformat().replace("+00:00", "Z")
    ]


async def test_an_unanswered_alert_goes_to_the_fallback_and_is_reminded_until_the_team_comes(
    desk: Desk,
) -> None:
    await desk.at("2026-03-09 07:00")
    alert = raised(desk)
    await desk.say(alert)
    await desk.at("2026-03-09 07:25")
    assert await desk.paged(alert.alert_id) == [
        ("alice", "Mon 07:00"),
        ("bruno", "Mon 07:10"),
        ("fallback", "Mon 07:25"),
    ]
    assert "exhausted" in await desk.codes(alert.alert_id)
    await desk.at("2026-03-09 17:59")
    reminded = (await desk.paged(alert.alert_id))[3:]
    assert [at for who, at in reminded if who == "alice"] == ["Mon 07:55", "Mon 08:25", "Mon 08:55"]
    assert [at for who, at in reminded if who == "bruno"] == ["Mon 07:55", "Mon 08:25", "Mon 08:55"]
    assert (await desk.alert(alert.alert_id))["run"]["phase"] == "held"
    await desk.at("2026-03-09 18:00")
    assert (await desk.paged(alert.alert_id))[-1] == ("alice", "Mon 18:00")


async def test_on_duty_nobody_is_paged_until_the_team_leaves(desk: Desk) -> None:
    await desk.at("2026-03-04 11:00")
    alert = raised(desk)
    await desk.say(alert)
    assert await desk.paged(alert.alert_id) == []
    shown = await desk.alert(alert.alert_id)
    assert (shown["off_hours"], shown["run"]["phase"]) == (False, "held")
    assert "held_for_team" in await desk.codes(alert.alert_id)
    await desk.at("2026-03-04 17:59")
    assert await desk.paged(alert.alert_id) == []
    await desk.at("2026-03-04 18:00")
    assert await desk.paged(alert.alert_id) == [("alice", "Wed 18:00")]


async def test_hours_that_change_are_decided_again_at_once(desk: Desk) -> None:
    await desk.at("2026-03-04 11:00")
    alert = raised(desk)
    await desk.say(alert)
    etag = (await desk.http.get("/api/v1/coverage/lumen")).headers["ETag"]
    assert (await desk.http.delete("/api/v1/coverage/lumen", headers={"If-Match": etag})).status_code == 204
    await desk.runtime.settle()
    assert await desk.paged(alert.alert_id) == [("alice", "Wed 11:00")]
    assert "no_coverage" in await desk.codes(alert.alert_id)


async def test_info_wakes_nobody_but_worse_does(desk: Desk) -> None:
    await desk.at("2026-03-07 23:10")
    alert = raised(desk, Severity.INFO)
    await desk.say(alert)
    await desk.say(grew(alert, 1, Severity.INFO, desk.clock.now()))
    assert await desk.paged(alert.alert_id) == []
    await desk.say(grew(alert, 2, Severity.CRITICAL, desk.clock.now()))
    assert await desk.paged(alert.alert_id) == [("alice", "Sat 23:10")]
    codes = await desk.codes(alert.alert_id)
    assert codes.index("grew") < codes.index("worsened") < codes.index("escalation_started")


async def test_worse_does_not_restart_what_is_under_way(desk: Desk) -> None:
    await desk.at("2026-03-07 23:10")
    alert = raised(desk, Severity.WARNING)
    await desk.say(alert)
    await desk.say(grew(alert, 1, Severity.CRITICAL, desk.clock.now()))
    assert await desk.paged(alert.alert_id) == [("alice", "Sat 23:10")]


async def test_a_resolved_alert_opens_again_only_when_it_is_worse(desk: Desk) -> None:
    await desk.at("2026-03-07 23:10")
    alert = raised(desk, Severity.WARNING)
    await desk.say(alert)
    path = f"/api/v1/alerts/{alert.alert_id}/resolve"
    assert (await desk.http.post(path, json={"verdict": "real", "note": "communiqué"})).status_code == 200
    assert (await desk.http.post(path, json={"verdict": "false_alarm"})).status_code == 409
    await desk.say(grew(alert, 1, Severity.WARNING, desk.clock.now()))
    assert (await desk.alert(alert.alert_id))["state"] == "resolved"
    assert len(await desk.paged(alert.alert_id)) == 1
    await desk.at("2026-03-08 02:00")
    await desk.say(grew(alert, 2, Severity.CRITICAL, desk.clock.now()))
    shown = await desk.alert(alert.alert_id)
    assert (shown["state"], shown["verdict"]) == ("open", None)
    assert (await desk.paged(alert.alert_id))[-1] == ("alice", "Sun 02:00")
    codes = await desk.codes(alert.alert_id)
    assert codes.index("grew_after_resolution") < codes.index("reopened")


async def test_the_same_events_again_change_nothing(desk: Desk) -> None:
    await desk.at("2026-03-07 23:10")
    alert = raised(desk)
    now = desk.clock.now()
    calm = AlertSubsided(brand="lumen", alert_id=alert.alert_id, at=now, situation=SITUATION)
    said = (alert, grew(alert, 1, Severity.CRITICAL, now), calm)
    await desk.say(*said)
    before = await desk.alert(alert.alert_id)
    await desk.say(*said)
    assert await desk.alert(alert.alert_id) == before
    assert before["subsided_at"] is not None


async def test_an_empty_slot_and_missing_contacts_go_to_the_fallback_and_say_so(desk: Desk) -> None:
    etag = (await desk.http.get("/api/v1/responders/bruno")).headers["ETag"]
    doc = {"name": "Bruno", "contacts": []}
    assert (
        await desk.http.put("/api/v1/responders/bruno", json=doc, headers={"If-Match": etag})
    ).status_code == 200
    etag = (await desk.http.get("/api/v1/schedules/nuit")).headers["ETag"]
    future = {"responders": ["alice"], "starts_on": "2027-01-04", "handoff": "18:00"}
    doc = {"name": "Nuit", "rotation": future}
    assert (
        await desk.http.put("/api/v1/schedules/nuit", json=doc, headers={"If-Match": etag})
    ).status_code == 200
    await desk.at("2026-03-07 23:10")
    alert = raised(desk)
    await desk.say(alert)
    codes = await desk.codes(alert.alert_id)
    assert codes.index("slot_empty") < codes.index("nobody_reached") < codes.index("fallback_paged")
    assert "no_contact" in codes, "with nobody to wait for, the second step comes at once"
    assert await desk.paged(alert.alert_id) == [("fallback", "Sat 23:10")]


async def test_without_any_policy_the_fallback_is_told(desk: Desk) -> None:
    etag = (await desk.http.get("/api/v1/policies/nuit")).headers["ETag"]
    assert (await desk.http.delete("/api/v1/policies/nuit", headers={"If-Match": etag})).status_code == 204
    await desk.at("2026-03-07 23:10")
    alert = raised(desk, policy="nuit")
    await desk.say(alert)
    assert await desk.paged(alert.alert_id) == [("fallback", "Sat 23:10")]
    codes = await desk.codes(alert.alert_id)
    assert codes.index("policy_unknown") < codes.index("no_policy") < codes.index("fallback_paged")


async def test_a_message_that_cannot_be_read_wakes_the_fallback_even_on_duty(desk: Desk) -> None:
    await desk.at("2026-03-04 11:00")
    broken = Message(topics.ALERTS, "lumen", b'{"type": "alert-raised", "version": 99}', {}, "lumen")
    await desk.kit.bus.publish([broken])
    await desk.runtime.settle()
    alerts = (await desk.http.get("/api/v1/alerts")).json()["items"]
    assert [(alert["brand"], alert["origin"], alert["severity"]) for alert in alerts] == [
        ("lumen", "veilleur", "critical")
    ]
    alert_id = UUID(alerts[0]["id"])
    assert await desk.paged(alert_id) == [("fallback", "Wed 11:00")]
    assert "alert_unreadable" in await desk.codes(alert_id)
    # What came after the broken message is handled as if nothing had been.
    alert = raised(desk)
    await desk.say(alert)
    assert (await desk.alert(alert.alert_id))["state"] == "open"


async def test_a_growth_of_an_unknown_alert_is_told_too(desk: Desk) -> None:
    await desk.at("2026-03-07 23:10")
    await desk.say(grew(raised(desk), 1, Severity.CRITICAL, desk.clock.now()))
    alerts = (await desk.http.get("/api/v1/alerts")).json()["items"]
    assert [alert["origin"] for alert in alerts] == ["veilleur"]


async def test_the_brand_is_called_by_its_name(desk: Desk) -> None:
    await desk.at("2026-03-07 23:10")
    alert = raised(desk)
    await desk.say(alert)
    assert (await desk.alert(alert.alert_id))["brand_name"] == "lumen"
    await desk.say(BrandDefined(brand="lumen", name="Lumen Énergie", revision=2))
    await desk.say(BrandDefined(brand="lumen", name="Ancien nom", revision=1))
    assert (await desk.alert(alert.alert_id))["brand_name"] == "Lumen Énergie"


async def test_every_entry_is_said_on_the_bus_in_order(desk: Desk) -> None:
    await desk.at("2026-03-07 23:10")
    alert = raised(desk)
    await desk.say(alert)
    await desk.at("2026-03-07 23:20")
    async with desk.kit.database.transaction() as tx:
        rows = await tx.execute(
            text("SELECT value FROM notify.outbox WHERE topic = :topic ORDER BY number"),
            {"topic": topics.ALERT_EVENTS.name},
        )
        said = [decode(bytes(value)).event for (value,) in rows]
    timeline = (await desk.alert(alert.alert_id))["timeline"]
    assert [event.sequence for event in said] == list(range(1, len(timeline) + 1))
    assert [event.reason.code for event in said] == [entry["reason"]["code"] for entry in timeline]
