"""What Veilleur is for, told as stories on an advanced clock."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.cli.demo.story import ALICE, BRAND, BRUNO, CHLOE, DAVID, PEOPLE, TEAM_MAILBOX
from services.cli.simulated.ops import open_ops
from services.kit.clock import ManualClock
from services.kit.context import Kit

from .conftest import ANGER, Town, another_kit, crisis, mention, open_town

PARIS = ZoneInfo("Europe/Paris")
LINK = re.compile(r"https?://\S+/p/[\w-]+")
MINUTE = timedelta(minutes=1)


def local(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=PARIS)


SATURDAY = local(2026, 3, 14, 23, 10)
MONDAY = local(2026, 3, 16, 9)


async def test_a_crisis_on_saturday_night_wakes_alice_then_bruno_who_answers_from_the_link(
    town: Town,
) -> None:
    await town.play(SATURDAY, crisis(SATURDAY)[:1])

    # Alice is paged at once, by e-mail and by SMS.
    assert await town.pages() == [(ALICE.id, SATURDAY)]
    (mail,) = town.mailbox.of(ALICE.mailbox)
    assert mail.at == SATURDAY
    assert LINK.search(mail.text)
    assert "éclat de métal" in mail.text
    assert len(await town.texts(ALICE.phone)) == 1
    assert (await town.alert())["off_hours"] is True

    # She does not answer. Nobody else is woken before her ten minutes are over; then Bruno is.
    await town.play(SATURDAY + timedelta(minutes=9, seconds=59), crisis(SATURDAY)[1:])
    assert len(await town.pages()) == 1
    await town.play(SATURDAY + timedelta(minutes=10))
    assert (await town.pages())[1:] == [(BRUNO.id, SATURDAY + timedelta(minutes=10))]

    # Looking at the link changes nothing: previews and scanners look too. Answering does.
    await town.play(SATURDAY + timedelta(minutes=14))
    link = LINK.search(town.mailbox.of(BRUNO.mailbox)[0].text)
    assert link
    assert "éclat de métal" in (await town.browser.get(link[0])).text
    assert (await town.alert())["state"] == "open"
    answered = await town.browser.post(link[0], data={"answer": "taken"})
    assert answered.status_code == 200
    alert = await town.alert()
    assert (alert["state"], alert["acknowledged_by"]) == ("acknowledged", "Bruno")

    # Nobody else is paged, though the anger goes on; the team has heard nothing yet.
    later = [
        mention(SATURDAY + timedelta(hours=1, minutes=n), ANGER[n % 5], handle=f"nuit{n}") for n in range(20)
    ]
    await town.play(MONDAY - MINUTE, later)
    assert [who for who, _ in await town.pages()] == [ALICE.id, BRUNO.id]
    assert town.mailbox.of(TEAM_MAILBOX) == []

    # On Monday at nine the team finds the handover.
    await town.play(MONDAY)
    (handover,) = town.mailbox.of(TEAM_MAILBOX)
    assert handover.at == MONDAY
    assert "Bruno" in handover.text
    (kept,) = await town.ops.all("/handovers", brand=BRAND)
    assert datetime.fromisoformat(kept["at"]) == MONDAY
    for sleeper in (CHLOE, DAVID):
        assert town.mailbox.of(sleeper.mailbox) == []
        assert await town.texts(sleeper.phone) == []


async def test_the_timeline_gives_a_named_reason_for_every_decision(town: Town) -> None:
    await town.play(SATURDAY + timedelta(minutes=11), crisis(SATURDAY)[:1])
    codes = await town.reasons()
    in_order = ["raised_by_rule", "off_hours", "urgency_high", "policy_of_brand", "escalation_started"]
    assert [code for code in codes if code in in_order] == in_order
    assert codes.count("step_started") == 2
    assert codes.count("paged") == 2
    assert codes.count("page_sent") == 4
    alert = await town.alert()
    assert all(entry["reason"]["text"] for entry in alert["timeline"])
    assert [entry["sequence"] for entry in alert["timeline"]] == list(range(1, len(codes) + 1))


async def test_a_crisis_on_wednesday_afternoon_is_the_teams_until_it_leaves(town: Town) -> None:
    wednesday = local(2026, 3, 11, 14)
    leaves = local(2026, 3, 11, 18)
    await town.play(leaves - MINUTE, crisis(wednesday, mentions=5))
    assert await town.pages() == []
    alert = await town.alert()
    assert alert["off_hours"] is False
    assert {"on_duty", "held_for_team"} <= set(await town.reasons())

    await town.play(leaves)
    assert await town.pages() == [(ALICE.id, leaves)]


async def test_what_the_team_takes_in_its_hours_wakes_nobody_at_night(town: Town) -> None:
    wednesday = local(2026, 3, 11, 14)
    await town.play(wednesday, crisis(wednesday)[:1])
    alert = await town.alert()
    await town.ops.post(f"/alerts/{alert['id']}/acknowledge")
    await town.play(wednesday + timedelta(days=1))
    assert await town.pages() == []


@pytest.mark.parametrize(
    ("holiday", "name"),
    [
        (local(2026, 7, 14, 11), "Fête nationale"),  # a Tuesday
        (local(2029, 8, 15, 11), "Assomption"),  # a Wednesday
        (local(2027, 1, 1, 11), "Jour de l'an"),  # a Friday
    ],
)
async def test_a_public_holiday_is_off_hours_although_it_is_a_weekday(
    town: Town, holiday: datetime, name: str
) -> None:
    await town.play(holiday, crisis(holiday)[:1])
    shift = await town.ops.get("/schedules/astreinte/on-call", instant=holiday.isoformat())
    assert await town.pages() == [(shift["shift"]["responder"], holiday)]
    alert = await town.alert()
    why = next(entry for entry in alert["timeline"] if entry["reason"]["code"] == "off_hours")
    assert name in why["reason"]["text"]


async def test_a_restart_in_the_middle_of_the_night_loses_nothing_and_repeats_nothing(
    kit: Kit, clock: ManualClock, mailbox, environment: None
) -> None:
    feed = crisis(SATURDAY, mentions=30)
    async with open_town(kit, clock, mailbox) as before:
        await before.set_up(only=["danger"])
        await before.play(SATURDAY + timedelta(minutes=5), feed[:6])
        alert = await before.alert()
        assert [who for who, _ in await before.pages()] == [ALICE.id]

    async with another_kit(kit) as same, open_town(same, clock, mailbox) as after:
        # Whoever pushed the last mentions did not hear that they had arrived, and pushes them once more.
        await after.ops.push([cue.item for cue in feed[:6]])
        await after.play(SATURDAY + timedelta(minutes=14), feed[6:])
        assert [who for who, _ in await after.pages()] == [ALICE.id, BRUNO.id]
        again = await after.alert()
        assert again["id"] == alert["id"]
        codes = [entry["reason"]["code"] for entry in again["timeline"]]
        assert codes.count("raised_by_rule") == 1
        assert codes.count("page_sent") == 4
        assert [len(mailbox.of(person.mailbox)) for person in PEOPLE] == [1, 1, 0, 0]
        assert len(await after.texts(ALICE.phone)) == 1
        assessed = await after.ops.all("/mentions", brand=BRAND)
        ids = [one["mention"]["mention_id"] for one in assessed]
        assert len(set(ids)) == len(ids) == 15  # one a minute, 23:10 to 23:24


async def test_nobody_answers_so_everybody_is_woken_and_the_fallback_is_told(town: Town) -> None:
    await town.play(SATURDAY + timedelta(hours=2), crisis(SATURDAY)[:1])
    paged = [who for who, _ in await town.pages()]
    assert paged[:2] == [ALICE.id, BRUNO.id]
    assert sorted(map(str, paged[2:6])) == sorted(person.id for person in PEOPLE)
    assert "exhausted" in await town.reasons()
    messages = await town.ops.all("/sandbox/messages")
    assert [message for message in messages if message["recipient"] == "fallback"]
    assert (await town.alert())["state"] == "open"


async def test_a_false_alarm_is_said_to_be_one_once(town: Town) -> None:
    await town.play(SATURDAY + MINUTE, crisis(SATURDAY)[:1])
    alert = await town.alert()
    async with open_ops(town.process, name="Chloé", role="responder") as chloe:
        verdict = {"verdict": "false_alarm", "note": "Vidéo d'une autre marque, vérifiée."}
        resolved = await chloe.post(f"/alerts/{alert['id']}/resolve", verdict)
    assert (resolved["state"], resolved["verdict"], resolved["resolved_by"]) == (
        "resolved",
        "false_alarm",
        "Chloé",
    )
    again = await town.browser.post(
        f"/api/v1/alerts/{alert['id']}/resolve",
        json={"verdict": "real"},
        headers={"Authorization": f"Bearer {town.ops.token}"},
    )
    assert again.status_code == 409
    await town.play(MONDAY)
    assert [who for who, _ in await town.pages()] == [ALICE.id]
    assert (await town.reasons()).count("resolved_false_alarm") == 1


async def test_a_human_gives_the_alarm_on_sunday_at_three(town: Town) -> None:
    sunday = local(2026, 3, 15, 3)
    await town.play(sunday)
    async with open_ops(town.process, name="Gardien", role="responder") as guard:
        raised = await guard.post(
            "/alerts",
            {"brand": BRAND, "headline": "Une équipe de télévision devant l'usine", "text": "Deux camions."},
        )
    await town.play(sunday + MINUTE)
    assert raised["origin"] == "human"
    assert raised["off_hours"] is True
    assert await town.pages() == [(ALICE.id, sunday)]
    (mail,) = town.mailbox.of(ALICE.mailbox)
    assert "Une équipe de télévision devant l'usine" in mail.text
