"""From a found mention on the bus to alerts in the outbox, on a real database."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from services.contracts import topics
from services.contracts.codec import decode, encode
from services.contracts.coverage import CoverageSpec, DutyWindow, Weekday
from services.contracts.events import (
    AlertGrew,
    AlertRaised,
    AlertSubsided,
    CoverageDefined,
    MentionAssessed,
    MentionFound,
)
from services.contracts.ids import derived, mention_id
from services.contracts.values import Author, Playbook, Severity
from services.rules.domain.rule import Rule
from services.rules.service import build
from services.rules.settings import RulesSettings
from services.rules.store.rulebook import rule_collection

SATURDAY = datetime(2026, 3, 7, 22, 10, tzinfo=UTC)  # 23:10 in Paris
BURN = "Ma fille a des brûlures au visage après la crème Lumea, on a fini aux urgences. Partagez !"
ANGRY = "Lumea quelle honte, service nul, je suis furieuse"


def found(
    number: int, words: str = ANGRY, *, at: datetime, revision: int = 0, **fields: object
) -> MentionFound:
    fields = {"author": Author(handle=f"a{number}"), "received_at": at} | fields
    return MentionFound(
        brand="lumea",
        mention_id=mention_id("api", str(number), "lumea"),
        revision=revision,
        source="api",
        source_kind="push",
        external_id=str(number),
        text=words,
        published_at=at,
        **fields,
    )


async def publish(kit, *events) -> None:
    await kit.bus.publish([encode(event, kit.clock.now()) for event in events])


async def told(kit, *kinds: type) -> list:
    """What rules told, in order, of the given kinds."""
    async with kit.database.transaction() as tx:
        rows = await tx.execute(text("SELECT value FROM rules.outbox ORDER BY position"))
        events = [decode(bytes(row.value)).event for row in rows]
    return [event for event in events if isinstance(event, kinds)]


async def add_rule(kit, rule_id: str, **fields: object) -> None:
    async with kit.database.transaction() as tx:
        rule = Rule.model_validate({"name": rule_id, "severity": "warning"} | fields)
        await rule_collection().create(tx, id=rule_id, doc=rule, by="test", at=kit.clock.now())


@pytest.fixture
async def runtime(kit, make_runtime):
    """Rules on the bus, without default rules."""
    return await make_runtime([build(kit, RulesSettings(default_rules=False))])


@pytest.fixture(autouse=True)
async def _topics(kit):
    await kit.bus.ensure([topics.MENTIONS, topics.COVERAGE])


async def test_a_dangerous_mention_raises_one_alert_with_its_reasons(kit, clock, make_runtime):
    runtime = await make_runtime([build(kit)])
    clock.move_to(SATURDAY)
    await runtime.settle()
    author = Author(handle="maman_lyon", followers=45000)
    await publish(kit, found(1, BURN, at=SATURDAY, author=author))
    await runtime.settle()

    [assessed] = await told(kit, MentionAssessed)
    assert (assessed.language, assessed.sentiment, assessed.topics_found) == (
        "fr",
        "negative",
        ("product_safety",),
    )
    raised = {alert.rule.id: alert for alert in await told(kit, AlertRaised)}
    assert set(raised) == {"dangerous-mention"}
    alert = raised["dangerous-mention"]
    assert alert.severity is Severity.CRITICAL
    assert alert.headline.startswith(
        "Danger pour la santé, @maman_lyon (45 000 abonnés) : « Ma fille a des brûlures"
    )
    assert [mention.mention_id for mention in alert.mentions] == [mention_id("api", "1", "lumea")]
    assert {reason.code for reason in alert.reasons} >= {
        "health",
        "negative_tone",
        "children",
        "call_to_action",
    }
    assert alert.playbook.text.startswith("Lire la mention")
    assert alert.began_at == SATURDAY


async def test_said_again_nothing_changes(kit, clock, runtime):
    await add_rule(kit, "danger", when="risk >= 80", severity="critical")
    clock.move_to(SATURDAY)
    mention = found(1, BURN, at=SATURDAY)
    await publish(kit, mention, mention)
    await runtime.settle()
    await publish(kit, mention)
    await runtime.settle()
    assert len(await told(kit, AlertRaised)) == 1
    assert len(await told(kit, MentionAssessed)) == 1
    assert await told(kit, AlertGrew) == []


async def test_an_edit_of_an_alerting_mention_raises_nothing_more_even_after_the_all_clear(
    kit, clock, runtime
):
    await add_rule(kit, "danger", when="risk >= 80", quiet_minutes=30)
    clock.move_to(SATURDAY)
    await publish(kit, found(1, BURN, at=SATURDAY))
    await runtime.settle()
    clock.advance(hours=2)
    await runtime.settle()
    assert len(await told(kit, AlertSubsided)) == 1
    await publish(kit, found(1, BURN + " Toujours rien.", at=SATURDAY, revision=1))
    await runtime.settle()
    assert len(await told(kit, AlertRaised)) == 1
    assert [event.mention.revision for event in await told(kit, MentionAssessed)] == [0, 1]


async def test_an_edit_that_becomes_dangerous_alerts_and_moves_no_count(kit, clock, runtime):
    await add_rule(kit, "danger", when="risk >= 80")
    await add_rule(kit, "volume", when="mentions >= 2", window_minutes=30)
    clock.move_to(SATURDAY)
    await publish(kit, found(1, "La crème Lumea est sortie", at=SATURDAY))
    await runtime.settle()
    await publish(kit, found(1, BURN, at=SATURDAY, revision=3), found(1, "La crème", at=SATURDAY, revision=2))
    await runtime.settle()
    [alert] = await told(kit, AlertRaised)
    assert alert.rule.id == "danger"
    assert len(await told(kit, MentionAssessed)) == 2


async def test_a_wave_raises_then_grows_then_subsides(kit, clock, runtime):
    await add_rule(
        kit,
        "wave",
        when="mentions >= 10 && negative_share >= 0.5",
        critical_when="mentions >= 30",
        window_minutes=30,
        quiet_minutes=45,
        playbook={"text": "Lire."},
        policy="night",
    )
    clock.move_to(SATURDAY + timedelta(minutes=20))
    await publish(kit, *(found(n, at=SATURDAY + timedelta(seconds=20 * n)) for n in range(42)))
    await runtime.settle()
    [alert] = await told(kit, AlertRaised)
    assert (alert.situation.mentions, alert.situation.authors, alert.situation.negative_share) == (
        10,
        10,
        1.0,
    )
    assert alert.situation.usual is None
    assert (alert.severity, alert.policy, alert.playbook) == (
        Severity.WARNING,
        "night",
        Playbook(text="Lire."),
    )
    assert len(alert.mentions) == 10
    grew = await told(kit, AlertGrew)
    assert [(event.step, event.situation.mentions, event.severity) for event in grew] == [
        (1, 20, Severity.WARNING),
        (2, 30, Severity.CRITICAL),
    ]
    assert {event.alert_id for event in grew} == {alert.alert_id}

    due = await runtime.next_due()
    assert due == clock.now() + timedelta(minutes=55)  # quiet time and lateness, after it was last seen
    clock.move_to(due)
    await runtime.settle()
    [over] = await told(kit, AlertSubsided)
    assert (over.alert_id, over.at, over.situation.mentions) == (alert.alert_id, due, 42)
    assert await runtime.next_due() is None


@pytest.mark.parametrize("batch", [1, 7, 500])
async def test_any_batching_gives_the_same_alerts(kit, clock, make_runtime, batch):
    """A catch-up of nine hours with two waves far apart, some arriving late: the figures below hold for any batch."""
    runtime = await make_runtime([build(kit, RulesSettings(default_rules=False, batch=batch))])
    await add_rule(kit, "wave", when="mentions >= 5", window_minutes=10, quiet_minutes=30)
    await add_rule(kit, "danger", when="risk >= 80", quiet_minutes=30)
    clock.move_to(SATURDAY + timedelta(hours=9))
    minutes = [0, 1, 2, 3, 4, 5, 3, 2, 9, 60, 55, 400, 401, 402, 401, 398, 403, 404, 405, 406, 500, 499]
    events = [
        found(n, BURN if n in (2, 16) else ANGRY, at=SATURDAY + timedelta(minutes=minute))
        for n, minute in enumerate(minutes)
    ]
    await publish(kit, *events)
    await runtime.settle()
    raised = [(alert.rule.id, alert.alert_id, alert.began_at) for alert in await told(kit, AlertRaised)]

    def expected(rule: str, trigger: int, *, hit: int, began: int) -> tuple[str, UUID, datetime]:
        cause = (mention_id("api", str(trigger), "lumea"), 0, (SATURDAY + timedelta(minutes=hit)).isoformat())
        return rule, derived("alert", rule, "lumea", "lumea", *cause), SATURDAY + timedelta(minutes=began)

    assert raised == [
        expected("danger", 2, hit=2, began=2),
        expected("wave", 4, hit=4, began=0),
        expected("wave", 15, hit=402, began=398),  # the fifth arrives four minutes late, and counts
        expected("danger", 16, hit=403, began=403),
    ]
    # The second wave gets riskier with the dangerous post inside it; it never doubles after that.
    grew = [(event.alert_id, event.step, event.situation.mentions) for event in await told(kit, AlertGrew)]
    assert grew == [(raised[2][1], 1, 6)]
    assert len(await told(kit, AlertSubsided)) == 2


async def test_a_late_dangerous_post_still_pages_and_says_since_when(kit, clock, runtime):
    await add_rule(kit, "danger", when="risk >= 80")
    await add_rule(kit, "volume", when="mentions >= 1", window_minutes=30)
    clock.move_to(SATURDAY)
    await publish(kit, found(1, "Rien à signaler chez Lumea", at=SATURDAY))
    await runtime.settle()
    await publish(kit, found(2, BURN, at=SATURDAY - timedelta(hours=6), received_at=SATURDAY))
    await runtime.settle()
    alerts = {alert.rule.id: alert for alert in await told(kit, AlertRaised)}
    assert alerts["danger"].headline.endswith("(a commencé il y a 6 h)")
    assert alerts["volume"].situation.mentions == 1, "too late to fire a window"


async def test_a_stale_post_of_a_first_reading_wakes_nobody(kit, clock, runtime):
    await add_rule(kit, "danger", when="risk >= 80")
    clock.move_to(SATURDAY)
    await publish(kit, found(1, BURN, at=SATURDAY - timedelta(days=30), received_at=SATURDAY))
    await runtime.settle()
    assert len(await told(kit, MentionAssessed)) == 1
    assert await told(kit, AlertRaised) == []


async def test_a_failing_rule_stops_no_other_and_is_seen(kit, clock, runtime, make_client):
    await add_rule(kit, "broken", when="100 / followers > 3")
    await add_rule(kit, "danger", when="risk >= 80")
    clock.move_to(SATURDAY)
    await publish(kit, found(1, BURN, at=SATURDAY), found(2, BURN, at=SATURDAY))
    await runtime.settle()
    assert [alert.rule.id for alert in await told(kit, AlertRaised)] == ["danger"]
    client = await make_client([build(kit)])
    health = (await client.get("/api/v1/rules/broken/health")).json()
    assert (health["state"], health["errors"]) == ("failing", 2)
    assert "divide by zero" in health["last_error"]
    assert (await client.get("/api/v1/rules/danger/health")).json()["state"] == "healthy"
    assert (await client.get("/api/v1/rules/nothing/health")).status_code == 404


async def test_off_hours_follows_the_coverage_of_the_brand(kit, clock, runtime):
    await add_rule(kit, "night", when="off_hours && hour == 23 && weekday == 6")
    await add_rule(kit, "day", when="!off_hours && hour == 14")
    days = (Weekday.MONDAY, Weekday.TUESDAY, Weekday.WEDNESDAY, Weekday.THURSDAY, Weekday.FRIDAY)
    window = DutyWindow(days=days, start="09:00", end="18:00")
    clock.move_to(SATURDAY)
    await publish(
        kit, CoverageDefined(brand="lumea", revision=1, spec=CoverageSpec(brand="lumea", windows=(window,)))
    )
    await runtime.settle()
    friday = datetime(2026, 3, 6, 13, 30, tzinfo=UTC)
    await publish(kit, found(1, at=friday), found(2, at=SATURDAY))
    await runtime.settle()
    assert {(a.rule.id, a.began_at) for a in await told(kit, AlertRaised)} == {
        ("day", friday),
        ("night", SATURDAY),
    }


async def test_usual_is_the_mean_of_the_days_before_at_this_hour(kit, clock, runtime):
    await add_rule(kit, "spike", when="mentions >= 8 && ratio >= 4.0", window_minutes=30)
    clock.move_to(SATURDAY)
    # Two mentions each evening for five days, and six on one of them: (4 x 2 + 6) / 5 with history = 2.8
    history = [
        found(100 * day + n, "Lumea au cinéma", at=SATURDAY - timedelta(days=day, minutes=n + 12))
        for day in range(1, 6)
        for n in range(6 if day == 3 else 2)
    ]
    first = found(99, "Lumea existe", at=SATURDAY - timedelta(days=5, hours=12))
    await publish(kit, first, *sorted(history, key=lambda mention: mention.published_at))
    await runtime.settle()
    await publish(kit, *(found(n, at=SATURDAY - timedelta(seconds=60 - n)) for n in range(14)))
    await runtime.settle()
    [alert] = await told(kit, AlertRaised)
    assert alert.situation.usual == pytest.approx(2.8)
    assert alert.situation.mentions == 12
    assert alert.headline.startswith(
        "Quatre fois plus de mentions que d'habitude un samedi à 23 h (12 en 30 min), 100 % négatives"
    )


async def test_default_rules_are_created_once_and_stay_deleted(kit, make_runtime):
    await (await make_runtime([build(kit)])).settle()
    rules = rule_collection()
    async with kit.database.transaction() as tx:
        assert [rule.id for rule in await rules.all(tx)] == [
            "dangerous-mention",
            "loud-voice",
            "negative-wave",
        ]
        await rules.delete(tx, id="loud-voice", expected=None, by="ops", at=kit.clock.now())
    await (await make_runtime([build(kit)])).settle()
    async with kit.database.transaction() as tx:
        assert [rule.id for rule in await rules.all(tx)] == ["dangerous-mention", "negative-wave"]


async def test_a_changed_rule_counts_from_the_next_mention(kit, clock, runtime, make_client):
    await add_rule(kit, "danger", when="risk >= 101")
    clock.move_to(SATURDAY)
    await publish(kit, found(1, BURN, at=SATURDAY))
    await runtime.settle()
    client = await make_client([build(kit)])
    answer = await client.get("/api/v1/rules/danger")
    doc = {k: v for k, v in answer.json().items() if k in Rule.model_fields} | {"when": "risk >= 80"}
    put = await client.put("/api/v1/rules/danger", json=doc, headers={"If-Match": answer.headers["ETag"]})
    assert put.status_code == 200
    await publish(kit, found(2, BURN, at=SATURDAY))
    await runtime.settle()
    [alert] = await told(kit, AlertRaised)
    assert (alert.rule.version, alert.mentions[0].mention_id) == (2, mention_id("api", "2", "lumea"))


async def test_text_that_postgresql_cannot_keep_is_kept_without_it(kit, clock, runtime):
    clock.move_to(SATURDAY)
    literal = "un \\u0000 écrit, et un \x00 vrai"
    await publish(kit, found(1, literal, at=SATURDAY))
    await runtime.settle()
    async with kit.database.transaction() as tx:
        stored = await tx.scalar(text("SELECT doc ->> 'text' FROM rules.mentions"))
    assert stored == "un \\u0000 écrit, et un  vrai"
    assert json.dumps(stored)
