"""A rule that this version cannot read (restored, downgraded) is left out; mentions and the other rules go on."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text

from services.contracts import topics
from services.contracts.codec import encode
from services.contracts.events import MentionFound
from services.contracts.ids import mention_id
from services.contracts.values import Author
from services.rules.service import build

SATURDAY = datetime(2026, 3, 7, 22, 10, tzinfo=UTC)
BURN = "Ma fille a des brûlures au visage après la crème Lumea, on a fini aux urgences. Partagez !"
TORN = text("""
    INSERT INTO rules.resources (kind, id, version, doc, created_at, updated_at, updated_by)
    VALUES ('rule', 'torn', 1, '{"shape": "of another version"}', :at, :at, 'test')
""")


async def test_a_rule_that_cannot_be_read_blinds_no_other(kit, clock, make_runtime):
    clock.move_to(SATURDAY)
    await kit.bus.ensure([topics.MENTIONS, topics.COVERAGE])
    runtime = await make_runtime([build(kit)])
    await runtime.settle()
    async with kit.database.transaction() as tx:
        await tx.execute(TORN, {"at": SATURDAY})
        await tx.execute(text("UPDATE rules.resource_stamps SET stamp = stamp + 1"))
    mention = MentionFound(
        brand="lumea",
        mention_id=mention_id("api", "1", "lumea"),
        source="api",
        source_kind="push",
        external_id="1",
        text=BURN,
        published_at=SATURDAY,
        received_at=SATURDAY,
        author=Author(handle="maman"),
    )

    await kit.bus.publish([encode(mention, SATURDAY)])
    await runtime.settle()

    async with kit.database.transaction() as tx:
        letters = (await tx.execute(text("SELECT count(*) FROM kit.dead_letters"))).scalar_one()
        alerts = (
            await tx.execute(text("SELECT count(*) FROM rules.outbox WHERE headers->>'type' LIKE '%raised%'"))
        ).scalar_one()

    assert letters == 0
    assert alerts == 1
