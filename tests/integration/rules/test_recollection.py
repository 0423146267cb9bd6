"""What is remembered between batches changes no result: not who had the turn before, nor what failed on the way."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from sqlalchemy import event, text

from services.contracts.codec import decode
from services.contracts.events import AlertGrew, AlertRaised, Event, MentionFound
from services.contracts.ids import mention_id
from services.contracts.values import Author
from services.rules.domain.rule import Rule
from services.rules.handlers import assess_mentions
from services.rules.handlers.assess_mentions import AssessMentions
from services.rules.handlers.subside_alerts import subside_alerts
from services.rules.sentiment.assessor import LexiconAssessor
from services.rules.store.coverage import TeamClocks
from services.rules.store.rulebook import RuleBook, rule_collection

START = datetime(2026, 3, 7, 22, 10, tzinfo=UTC)
TEXTS = (
    "Ma fille a des brûlures au visage après la crème Lumea, on a fini aux urgences. Partagez !",
    "Lumea quelle honte, service nul, je suis furieuse",
    "La crème Lumea est sortie",
    "Merci Lumea, livraison parfaite 😍",
)
RULES = {
    "wave": {"when": "mentions >= 5 && negative_share >= 0.4", "window_minutes": 30, "quiet_minutes": 30},
    "burst": {"when": "ratio >= 3.0 && authors > 2", "window_minutes": 10, "quiet_minutes": 20},
    "danger": {"when": "risk >= 70", "dedup_key": "brand + language", "quiet_minutes": 30},
}


def found(number: int, brand: str, at: datetime, words: str, revision: int = 0) -> MentionFound:
    return MentionFound(
        brand=brand,
        mention_id=mention_id("api", str(number), brand),
        revision=revision,
        source="api",
        source_kind="push",
        external_id=str(number),
        text=words,
        author=Author(handle=f"a\x00{number % 7}", followers=number % 11 * 1000),
        published_at=at,
        received_at=at,
    )


def arrivals(seed: int) -> list[MentionFound]:
    """A day and a half of two brands: bursts, lulls, latecomers, edits, repeats."""
    draw = random.Random(seed)
    events, at = [], START
    for number in range(140):
        at += timedelta(minutes=draw.choice([0, 0, 0, 1, 2, 3, 25, 120]))
        late = timedelta(minutes=draw.choice([0, 0, 0, 4, 9, 11, 45]))
        events.append(found(number, draw.choice(["lumea", "lumea", "orea"]), at - late, draw.choice(TEXTS)))
        if draw.random() < 0.2:
            old = draw.choice(events)
            revision = old.revision + draw.choice([0, 1, 2])
            events.append(old.model_copy(update={"revision": revision, "text": draw.choice(TEXTS)}))
    return events


def handler(clock) -> AssessMentions:
    return AssessMentions(
        LexiconAssessor("fr"),
        RuleBook(rule_collection()),
        TeamClocks("Europe/Paris"),
        clock,
        "fr",
        timedelta(days=9),
    )


@pytest.fixture
async def rules(kit):
    async with kit.database.transaction() as tx:
        for rule_id, fields in RULES.items():
            doc = Rule.model_validate({"name": rule_id, "severity": "warning"} | fields)
            await rule_collection().create(tx, id=rule_id, doc=doc, by="test", at=START)


async def outcome(kit) -> tuple[list[Event], list[tuple[object, ...]]]:
    """What was told, brand by brand, and what is stored; the database is empty again."""
    async with kit.database.transaction() as tx:
        rows = await tx.execute(text("SELECT value FROM rules.outbox ORDER BY position"))
        told = [_plain(decode(bytes(row.value)).event) for row in rows]
        # A batch tells what it found of mentions before what follows from them, so kinds may interleave otherwise.
        told.sort(key=lambda each: (each.brand, each.type == "mention-assessed"))
        stored = await tx.execute(
            text("""
                SELECT to_jsonb(m) - 'assessed_at' FROM rules.mentions m
                UNION ALL SELECT to_jsonb(e) FROM rules.episodes e
                UNION ALL SELECT to_jsonb(b) - 'version' FROM rules.brands b ORDER BY 1
            """)
        )
        everything = [tuple(row) for row in stored]
        await tx.execute(text("TRUNCATE rules.outbox, rules.mentions, rules.episodes, rules.brands"))
    return told, everything


def _plain(told: Event) -> Event:
    """Without the texts of an alert's mentions: they are those of the newest revision by then."""
    if isinstance(told, AlertRaised | AlertGrew):
        shown = sorted(mention.mention_id for mention in told.mentions)
        return told.model_copy(update={"mentions": tuple(shown)})
    return told


Dies = Literal["before the commit", "before writing", "not"]


async def handle(kit, assess: AssessMentions, batch: Sequence[MentionFound], *, dies: Dies = "not") -> None:
    """Handle `batch`, if need be in a second attempt."""
    if dies != "not":
        with pytest.MonkeyPatch.context() as patch:
            if dies == "before writing":
                patch.setattr(assess_mentions.batch, "save", None)
            async with kit.database.engine.connect() as tx:
                with suppress(TypeError):  # a batch that says nothing new is not written at all
                    await assess(tx, batch)
                await tx.rollback()
    async with kit.database.transaction() as tx:
        await assess(tx, batch)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_any_batches_by_any_process_give_the_same(kit, clock, rules, seed):
    clock.move_to(START + timedelta(days=4))
    events = arrivals(seed)
    draw = random.Random(seed)
    await handle(kit, handler(clock), events)
    expected = await outcome(kit)
    kinds = {each.type for each in expected[0]}
    assert {"mention-assessed", "alert-raised", "alert-grew", "alert-subsided"} <= kinds, (
        "or nothing is shown"
    )

    one, two = handler(clock), handler(clock)
    ways: dict[str, Callable[[], AssessMentions]] = {
        "one process, which remembers": lambda: one,
        "a new process each time": lambda: handler(clock),
        "two processes in turns": lambda: draw.choice([one, two]),
    }
    for way, process in ways.items():
        rest = list(events)
        while rest:
            size = draw.choice([1, 1, 1, 2, 12, 30])
            dies = draw.choice(("not", "not", "not", "not", "before writing", "before the commit"))
            await handle(kit, process(), rest[:size], dies=dies)
            del rest[:size]
        assert await outcome(kit) == expected, way


async def test_what_the_clock_closed_in_between_is_closed(kit, clock, rules):
    """An all-clear is another writer: the next hit opens a new situation, remembered or not."""
    told = []
    for same in (True, False):
        clock.move_to(START + timedelta(hours=9 * (not same)))
        begin, assess = clock.now(), handler(clock)
        for step, minutes in enumerate((0, 45, 46)):
            clock.move_to(begin + timedelta(minutes=minutes))
            async with kit.database.transaction() as tx:
                await subside_alerts(tx, at=clock.now())
            process = assess if same else handler(clock)
            await handle(kit, process, [found(step, "lumea", clock.now(), TEXTS[0])])
        told.append([each.type for each in (await outcome(kit))[0] if each.type != "mention-assessed"])
    assert told[0] == told[1] == ["alert-raised", "alert-subsided", "alert-raised", "alert-grew"]


async def test_a_rule_that_looks_back_further_sees_what_was_before_it(kit, clock, rules):
    assess = handler(clock)
    for step in range(4):
        await handle(kit, assess, [found(step, "lumea", START + timedelta(minutes=20 * step), TEXTS[2])])
    async with kit.database.transaction() as tx:
        doc = Rule(name="long", severity="warning", when="mentions >= 5", window_minutes=120)
        await rule_collection().create(tx, id="long", doc=doc, by="test", at=START)
    await handle(kit, assess, [found(4, "lumea", START + timedelta(minutes=80), TEXTS[2])])
    told, _ = await outcome(kit)
    assert [each.rule.id for each in told if each.type == "alert-raised"] == ["long"]


async def test_a_remembered_brand_costs_four_statements(kit, clock, rules):
    """The lock with what is stored of the mention, the past, the batch, the outbox: the window is not read again."""
    assess = handler(clock)
    await handle(kit, assess, [found(0, "lumea", START, TEXTS[2])])
    statements: list[str] = []
    event.listen(
        kit.database.engine.sync_engine, "before_cursor_execute", lambda *call: statements.append(call[2])
    )
    await handle(kit, assess, [found(1, "lumea", START + timedelta(minutes=20), TEXTS[2])])
    assert len(statements) == 4, statements
    statements.clear()
    await handle(kit, assess, [found(2, "lumea", START + timedelta(minutes=21), TEXTS[2])])
    assert len(statements) == 3, "the past of that slot is known"
