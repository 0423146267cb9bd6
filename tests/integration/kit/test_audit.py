"""Audit rows: written with the write, listed newest first, never changed."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.kit import audit
from services.kit.logs import log_context


class Contact(BaseModel):
    name: str
    password: SecretStr


async def write(kit, identifier: str, **more: object) -> None:
    async with kit.database.transaction() as tx:
        await audit.record(
            tx,
            actor="alice",
            action="replace",
            kind="contact",
            identifier=identifier,
            at=kit.clock.now(),
            **more,
        )


async def test_a_row_tells_who_what_before_after_when(kit, make_client) -> None:
    admin = await make_client([])
    with log_context(request_id="r1"):
        await write(kit, "1", before={"name": "é"}, after=Contact(name="b", password=SecretStr("hunter2")))
    (row,) = (await admin.get("/api/v1/audit", params={"kind": "contact"})).json()["items"]
    assert row["actor"] == "alice"
    assert row["before"] == {"name": "é"}
    assert row["after"] == {"name": "b", "password": "**********"}
    assert row["at"] == "2026-03-02T08:00:00Z"
    assert row["request_id"] == "r1"


@pytest.mark.parametrize(
    "statement",
    ["UPDATE kit.audit SET actor = 'mallory'", "DELETE FROM kit.audit", "TRUNCATE kit.audit"],
)
async def test_rows_are_never_changed(kit, statement: str) -> None:
    await write(kit, "1")
    with pytest.raises(DBAPIError, match="never changed"):
        async with kit.database.transaction() as tx:
            await tx.execute(text(statement))


async def test_a_write_that_fails_leaves_no_row(kit, make_client) -> None:
    admin = await make_client([])

    async def failing() -> None:
        async with kit.database.transaction() as tx:
            await audit.record(tx, actor="a", action="b", kind="c", identifier="d", at=kit.clock.now())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await failing()
    assert (await admin.get("/api/v1/audit")).json() == {"items": [], "next": None}


async def test_the_list_filters_and_pages(kit, make_client) -> None:
    admin = await make_client([])
    for number in range(5):
        await write(kit, str(number))
    first = (await admin.get("/api/v1/audit", params={"limit": 3, "actor": "alice"})).json()
    rest = (
        await admin.get("/api/v1/audit", params={"limit": 3, "actor": "alice", "after": first["next"]})
    ).json()
    assert [row["identifier"] for row in first["items"] + rest["items"]] == ["4", "3", "2", "1", "0"]
    assert rest["next"] is None
    assert (await admin.get("/api/v1/audit", params={"actor": "bob"})).json()["items"] == []
    assert len((await admin.get("/api/v1/audit", params={"identifier": "2"})).json()["items"]) == 1
    assert (await admin.get("/api/v1/audit", params={"after": "nonsense"})).status_code == 422
    for limit in (0, 501, 2**70):
        assert (await admin.get("/api/v1/audit", params={"limit": limit})).status_code == 422
    assert (await (await make_client([], role="editor")).get("/api/v1/audit")).status_code == 403
