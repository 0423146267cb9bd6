"""Collections: versions that grow for ever, writers that take turns, rows that tell what was written."""

# ruff: noqa: A001, A002
from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from services.contracts.errors import ConflictError, InvalidError, NotFoundError
from services.kit.preconditions import parse_match
from services.kit.problems import StaleError
from services.kit.resources import Collection


async def put(kit, workshop, id, doc, *, expected=None, create=False):
    async with kit.database.transaction() as tx:
        given = {"id": id, "doc": doc, "by": "alice", "at": kit.clock.now()}
        if create:
            return await workshop.collection.create(tx, **given)
        return await workshop.collection.replace(tx, expected=expected, **given)


async def drop(kit, workshop, id, *, expected=None):
    async with kit.database.transaction() as tx:
        return await workshop.collection.delete(tx, id=id, expected=expected, by="bob", at=kit.clock.now())


async def test_versions_grow_over_deletion_and_re_creation(kit, workshop) -> None:
    gadget = workshop.collection.model
    await put(kit, workshop, "a", gadget(name="one"), create=True)
    kit.clock.advance(minutes=1)
    second = await put(kit, workshop, "a", gadget(name="two"), expected=1)
    assert (second.version, second.doc.name, second.updated_by) == (2, "two", "alice")
    assert second.created_at < second.updated_at
    await drop(kit, workshop, "a")
    again = await put(kit, workshop, "a", gadget(name="three"), create=True)
    assert again.version == 4
    async with kit.database.transaction() as tx:
        past = await workshop.collection.versions(tx, "a")
        assert await workshop.collection.versions(tx, "a", before=3, limit=1) == past[2:3]
    assert [(v.version, v.doc and v.doc.name, v.by) for v in past] == [
        (4, "three", "alice"),
        (3, None, "bob"),
        (2, "two", "alice"),
        (1, "one", "alice"),
    ]


async def test_each_write_is_told_in_its_transaction(kit, workshop) -> None:
    gadget = workshop.collection.model
    await put(kit, workshop, "a", gadget(name="one"), create=True)
    await put(kit, workshop, "a", gadget(name="two"))
    await drop(kit, workshop, "a")
    told = [
        (c.before and c.before.doc.name, c.after and c.after.doc.name, c.revision) for c in workshop.changes
    ]
    assert told == [(None, "one", 1), ("one", "two", 2), ("two", None, 3)]
    async with kit.database.transaction() as tx:
        rows = await tx.execute(text("SELECT action, actor, before, after FROM kit.audit ORDER BY number"))
        said = [(r.action, r.actor, r.before is not None, r.after is not None) for r in rows]
    assert said == [
        ("create", "alice", False, True),
        ("replace", "alice", True, True),
        ("delete", "bob", True, False),
    ]


async def test_the_same_document_again_is_no_version(kit, workshop) -> None:
    gadget = workshop.collection.model
    first = await put(kit, workshop, "a", gadget(name="one"), create=True)
    kit.clock.advance(minutes=1)
    assert await put(kit, workshop, "a", gadget(name="one")) == first
    assert len(workshop.changes) == 1


async def test_stale_missing_and_taken_are_refused(kit, workshop) -> None:
    gadget = workshop.collection.model
    with pytest.raises(NotFoundError):
        await put(kit, workshop, "a", gadget(name="x"))
    await put(kit, workshop, "a", gadget(name="one"), create=True)
    with pytest.raises(ConflictError):
        await put(kit, workshop, "a", gadget(name="one"), create=True)
    await put(kit, workshop, "a", gadget(name="two"))
    for expected in (1, 3, parse_match('"1", "3"'), parse_match('W/"2"')):
        with pytest.raises(StaleError):
            await put(kit, workshop, "a", gadget(name="three"), expected=expected)
        with pytest.raises(StaleError):
            await drop(kit, workshop, "a", expected=expected)
    await put(kit, workshop, "a", gadget(name="three"), expected=parse_match('"1", "2"'))
    await drop(kit, workshop, "a", expected=parse_match("*"))
    with pytest.raises(NotFoundError):
        await drop(kit, workshop, "a")


async def test_a_refused_write_leaves_nothing(kit, workshop) -> None:
    gadget = workshop.collection.model
    with pytest.raises(InvalidError):
        await put(kit, workshop, "a", gadget(name="one", size=13), create=True)
    async with kit.database.transaction() as tx:
        assert await workshop.collection.find(tx, "a") is None
        assert await workshop.collection.versions(tx, "a") == []
        assert await workshop.collection.stamp(tx) == 0
    assert workshop.changes == []


async def test_the_stamp_moves_with_every_change(kit, workshop) -> None:
    gadget = workshop.collection.model

    async def stamp() -> int:
        async with kit.database.transaction() as tx:
            return await workshop.collection.stamp(tx)

    stamps = [await stamp()]
    await put(kit, workshop, "a", gadget(name="one"), create=True)
    stamps.append(await stamp())
    await put(kit, workshop, "a", gadget(name="two"))
    stamps.append(await stamp())
    await drop(kit, workshop, "a")
    stamps.append(await stamp())
    assert stamps == sorted(set(stamps))


async def test_of_writers_at_once_one_wins(kit, workshop) -> None:
    gadget = workshop.collection.model

    async def outcome(coroutine) -> str:
        try:
            return f"version {(await coroutine).version}"
        except (ConflictError, StaleError) as error:
            return type(error).__name__

    made = await asyncio.gather(
        *(outcome(put(kit, workshop, "a", gadget(name=f"n{n}"), create=True)) for n in range(5))
    )
    assert sorted(made) == ["ConflictError"] * 4 + ["version 1"]
    changed = await asyncio.gather(
        *(outcome(put(kit, workshop, "a", gadget(name=f"m{n}"), expected=1)) for n in range(5))
    )
    assert sorted(changed) == ["StaleError"] * 4 + ["version 2"]


async def test_lists_are_by_id_and_brand(kit, workshop) -> None:
    gadget = workshop.collection.model
    for id, brand in [("c", "acme"), ("a", None), ("b", "acme"), ("d", "other")]:
        await put(kit, workshop, id, gadget(name=id, brand=brand), create=True)
    async with kit.database.transaction() as tx:
        everything = await workshop.collection.all(tx)
        acme = await workshop.collection.all(tx, brand="acme")
        page = await workshop.collection.page(tx, after="a", limit=2)
    assert [one.id for one in everything] == ["a", "b", "c", "d"]
    assert [one.id for one in acme] == ["b", "c"]
    assert [one.id for one in page] == ["b", "c"]


async def test_what_must_not_be_readable_at_rest_is_sealed(kit, workshop) -> None:
    gadget = workshop.collection.model
    vault = Collection(
        schema="scratch",
        kind="vaulted",
        model=gadget,
        seal=lambda doc: doc.model_copy(update={"name": kit.secrets.encrypt("gadget", doc.name)}),
        unseal=lambda doc: doc.model_copy(update={"name": kit.secrets.decrypt("gadget", doc.name)}),
    )
    async with kit.database.transaction() as tx:
        at = kit.clock.now()
        await vault.create(tx, id="a", doc=gadget(name="open sesame"), by="alice", at=at)
        await vault.replace(tx, id="a", doc=gadget(name="open sesame!"), expected=1, by="alice", at=at)
        assert (await vault.get(tx, "a")).doc.name == "open sesame!"
        assert [v.doc.name for v in await vault.versions(tx, "a")] == ["open sesame!", "open sesame"]
        for table in ("scratch.resources", "scratch.resource_versions", "kit.audit"):
            rows = await tx.execute(text(f"SELECT CAST(t.* AS text) FROM {table} AS t"))
            assert "sesame" not in "".join(rows.scalars())
