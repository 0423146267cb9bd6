"""Any number of tickers: each step is carried out once, and one that fails neither stops nor silences the others."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.contracts.values import Severity, Situation
from services.kit.database import Database
from services.notify.domain.alert import Alert, AlertState
from services.notify.domain.policy import NamedPolicy, Policy
from services.notify.domain.run import Run
from services.notify.handlers.acknowledge_alert import acknowledge_alert
from services.notify.settings.delivery import DeliverySettings
from services.notify.settings.escalation import House, TickSettings
from services.notify.store.alerts import add_alert
from services.notify.store.runs import claim_due_runs, find_run, save_run
from services.notify.store.timeline import entries_of
from services.notify.store.turns import DutyTurn, save_turn
from services.notify.ticks import EscalationTick

NIGHT = datetime(2026, 3, 7, 22, 10, tzinfo=UTC)
NOTHING = Situation(mentions=0, authors=0, negative_share=0, reach=0, max_risk=0)
STEPS = [
    {"targets": [{"kind": "responder", "id": "nobody"}]},
    {"after_minutes": 10, "targets": [{"kind": "responder", "id": "nobody"}]},
]
POLICY = NamedPolicy(
    id="night", version=1, doc=Policy.model_validate({"name": "Nuit", "steps": STEPS, "repeats": 0})
)

WINDOWS = [{"days": [1], "start": "09:00", "end": "18:00"}]
# Written past the API, which would refuse the broken one.
COVERAGE = text("""
    INSERT INTO notify.resources (kind, id, version, brand, doc, created_at, updated_at, updated_by)
    VALUES ('coverage', :brand, 1, :brand, CAST(:doc AS jsonb), :at, :at, 'test')
""")


def ticker(database: Database, *, batch: int = 50) -> EscalationTick:
    house = House(delivery=DeliverySettings.model_validate({"fallback_url": "sandbox://"}))
    return EscalationTick(database, house, TickSettings(tick_batch=batch))


async def escalating(database: Database, count: int) -> list[UUID]:
    """Alerts whose first step is due at NIGHT."""
    ids = [uuid4() for _ in range(count)]
    async with database.transaction() as tx:
        for alert_id in ids:
            await add_alert(tx, alert(alert_id))
            await save_run(tx, Run.new(alert_id).started(POLICY, NIGHT))
    return ids


def alert(alert_id: UUID) -> Alert:
    return Alert(
        id=alert_id,
        brand="lumen",
        brand_name="lumen",
        origin="rule",
        severity=Severity.CRITICAL,
        dedup_key="lumen",
        headline="Ça monte",
        state=AlertState.OPEN,
        off_hours=True,
        began_at=NIGHT,
        raised_at=NIGHT,
        situation=NOTHING,
    )


async def steps_of(database: Database, alert_id: UUID) -> Counter[tuple[object, object]]:
    async with database.transaction() as tx:
        entries = await entries_of(tx, alert_id)
    return Counter(
        (entry.data["round"], entry.data["step"]) for entry in entries if entry.reason.code == "step_started"
    )


async def test_concurrent_tickers_carry_out_each_step_once(database: Database) -> None:
    ids = await escalating(database, 40)
    tickers = [ticker(database, batch=3) for _ in range(4)]
    await asyncio.gather(*(one.tick(NIGHT) for one in tickers))
    # Rows that another ticker held are skipped, so one more look takes whatever was left by all of them.
    await tickers[0].tick(NIGHT)
    for alert_id in ids:
        # Nobody was reached, so the second step came at once.
        assert await steps_of(database, alert_id) == {(0, 0): 1, (0, 1): 1}


async def test_a_claimed_run_is_invisible_to_others_and_not_due_once_done(database: Database) -> None:
    (alert_id,) = await escalating(database, 1)
    async with database.transaction() as first, database.transaction() as second:
        (claimed,) = await claim_due_runs(first, now=NIGHT, limit=10)
        assert await claim_due_runs(second, now=NIGHT, limit=10) == []
        await save_run(first, claimed.stepped(NIGHT, reached=True))
        await first.commit()
        assert await claim_due_runs(second, now=NIGHT, limit=10) == []
        (again,) = await claim_due_runs(second, now=NIGHT + timedelta(minutes=10), limit=10)
        assert (again.alert_id, again.step) == (alert_id, 1)


async def test_a_ticker_that_dies_leaves_the_step_as_it_was(database: Database) -> None:
    (alert_id,) = await escalating(database, 1)

    async def die_in_the_middle() -> None:
        async with database.transaction() as tx:
            (claimed,) = await claim_due_runs(tx, now=NIGHT, limit=10)
            await save_run(tx, claimed.stepped(NIGHT, reached=True))
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await die_in_the_middle()
    assert await ticker(database).tick(NIGHT)
    assert (await steps_of(database, alert_id))[(0, 0)] == 1


async def test_an_answer_and_a_step_at_the_same_moment_exclude_each_other(database: Database) -> None:
    ids = await escalating(database, 20)

    async def answer(alert_id: UUID) -> None:
        async with database.transaction() as tx:
            await acknowledge_alert(tx, alert_id=alert_id, actor="alice", at=NIGHT)

    await asyncio.gather(ticker(database, batch=2).tick(NIGHT), *(answer(alert_id) for alert_id in ids))
    assert not await ticker(database).tick(NIGHT + timedelta(days=1)), "an answered alert went on escalating"
    async with database.transaction() as tx:
        for alert_id in ids:
            codes = [entry.reason.code for entry in await entries_of(tx, alert_id)]
            assert codes[-1] == "acknowledged", "something was decided after the answer"
            run = await find_run(tx, alert_id)
            assert run is not None
            assert run.next_due_at is None


async def test_two_people_who_answer_at_once_see_the_same_winner(database: Database) -> None:
    (alert_id,) = await escalating(database, 1)

    async def answer(who: str) -> tuple[str | None, bool]:
        async with database.transaction() as tx:
            view = await acknowledge_alert(tx, alert_id=alert_id, actor=who, at=NIGHT)
        return view.acknowledged_by, view.changed

    answers = await asyncio.gather(*(answer(who) for who in ("alice", "bruno", "carla")))
    assert len({winner for winner, _ in answers}) == 1
    assert sorted(changed for _, changed in answers) == [False, False, True]


async def test_one_run_that_cannot_go_on_is_told_and_the_others_go_on(database: Database) -> None:
    good, bad = await escalating(database, 2)
    async with database.transaction() as tx:
        await tx.execute(text("CREATE TABLE held (id uuid)"))
        await tx.execute(text("INSERT INTO held VALUES (:id)"), {"id": bad})
        await tx.execute(
            text("""
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    IF NEW.code = 'step_started' AND NEW.alert_id IN (SELECT id FROM held) THEN
                        RAISE EXCEPTION 'a row that no step can be written for' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                END $$
            """)
        )
        await tx.execute(
            text(
                "CREATE TRIGGER refuse BEFORE INSERT ON notify.timeline FOR EACH ROW EXECUTE FUNCTION refuse()"
            )
        )
    assert await ticker(database).tick(NIGHT)
    assert (await steps_of(database, good))[(0, 0)] == 1
    async with database.transaction() as tx:
        codes = [entry.reason.code for entry in await entries_of(tx, bad)]
        run = await find_run(tx, bad)
    assert codes == ["step_failed", "fallback_paged"]
    assert run is not None
    assert run.next_due_at == NIGHT + timedelta(minutes=30)


async def test_one_run_of_which_nothing_can_be_told_is_postponed_and_the_others_go_on(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = await escalating(database, 2)
    async with database.transaction() as tx:
        # Its events can no longer be written as this version writes them.
        await tx.execute(text("UPDATE notify.alerts SET brand = 'Not A Slug' WHERE id = :id"), {"id": bad})
    look = ticker(database)
    assert await look.tick(NIGHT)
    assert (await steps_of(database, good))[(0, 0)] == 1
    assert f"Nobody can be told about alert {bad}" in caplog.text
    assert await look.next_due(NIGHT) == NIGHT + timedelta(minutes=5)


async def test_a_policy_of_another_version_is_decided_anew_and_stops_nobody(database: Database) -> None:
    good, bad = await escalating(database, 2)
    async with database.transaction() as tx:
        await tx.execute(
            text('UPDATE notify.runs SET policy = \'{"id": "night", "rungs": []}\' WHERE alert_id = :id'),
            {"id": bad},
        )
    assert await ticker(database).tick(NIGHT)
    assert (await steps_of(database, good))[(0, 0)] == 1
    async with database.transaction() as tx:
        codes = [entry.reason.code for entry in await entries_of(tx, bad)]
    assert codes[-2:] == ["exhausted", "fallback_paged"], (
        "there is no policy to decide by, so the fallback is told"
    )


async def test_concurrent_tickers_hand_over_once(database: Database) -> None:
    async with database.transaction() as tx:
        await add_alert(tx, alert(uuid4()))
        document = {"brand": "lumen", "windows": WINDOWS}
        await tx.execute(COVERAGE, {"brand": "lumen", "doc": json.dumps(document), "at": NIGHT})
        monday = datetime(2026, 3, 9, 8, tzinfo=UTC)
        await save_turn(tx, DutyTurn("lumen", NIGHT - timedelta(days=1), monday))
    await asyncio.gather(*(ticker(database).tick(monday) for _ in range(4)))
    async with database.transaction() as tx:
        handovers = (await tx.execute(text("SELECT count(*) FROM notify.handovers"))).scalar_one()
        turn = (await tx.execute(text("SELECT since, next_start FROM notify.duty_turns"))).one()
    assert handovers == 1
    assert turn == (datetime(2026, 3, 9, 17, tzinfo=UTC), datetime(2026, 3, 16, 8, tzinfo=UTC))


async def test_a_handover_that_fails_is_tried_again_and_others_are_made(database: Database) -> None:
    monday = datetime(2026, 3, 9, 8, tzinfo=UTC)
    async with database.transaction() as tx:
        await add_alert(tx, alert(uuid4()))
        for brand, zone in (("broken", "Mars/Olympus"), ("lumen", "Europe/Paris")):
            document = {"brand": brand, "zone": zone, "windows": WINDOWS}
            await tx.execute(COVERAGE, {"brand": brand, "doc": json.dumps(document), "at": NIGHT})
            await save_turn(tx, DutyTurn(brand, NIGHT - timedelta(days=1), monday))
    await ticker(database).tick(monday)
    async with database.transaction() as tx:
        handed = (await tx.execute(text("SELECT brand FROM notify.handovers"))).scalars().all()
        turns = (await tx.execute(text("SELECT brand, since, next_start FROM notify.duty_turns"))).all()
    assert handed == ["lumen"]
    assert ("broken", NIGHT - timedelta(days=1), monday + timedelta(minutes=5)) in turns


async def test_what_is_due_next_is_known_without_doing_it(database: Database) -> None:
    (alert_id,) = await escalating(database, 1)
    look = ticker(database)
    assert await look.next_due(NIGHT - timedelta(hours=1)) == NIGHT
    assert await look.next_due(NIGHT) is None
    async with database.transaction() as tx:
        await acknowledge_alert(tx, alert_id=alert_id, actor="alice", at=NIGHT)
    assert await look.next_due(NIGHT - timedelta(hours=1)) is None
