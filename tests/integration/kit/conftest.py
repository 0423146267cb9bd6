"""A scratch schema with resources, and the service that serves them."""

from __future__ import annotations

from dataclasses import dataclass, field

import asyncpg
import pytest
from pydantic import Field, field_validator

from services.contracts.errors import Fault, InvalidError
from services.contracts.values import Slug, Value
from services.kit.database import Transaction
from services.kit.resources import Change, Collection, resource_router
from services.kit.runtime import Service
from services.migrations.blocks import resources_v1


class Gadget(Value):
    """Something ops edit, for these tests."""

    name: str = Field(min_length=1, max_length=100)
    brand: Slug | None = None
    size: int = Field(default=1, ge=0)
    tags: tuple[str, ...] = ()

    @field_validator("name")
    @classmethod
    def _speaks(cls, value: str) -> str:
        if value == "unspeakable":
            raise ValueError("that name is unspeakable")
        return value


@dataclass
class Workshop:
    """A collection, and what it told."""

    collection: Collection[Gadget]
    changes: list[Change[Gadget]] = field(default_factory=list)


@pytest.fixture
async def workshop(database_url: str) -> Workshop:
    connection = await asyncpg.connect(database_url)
    await connection.execute("CREATE SCHEMA scratch;" + resources_v1("scratch"))
    await connection.close()
    changes: list[Change[Gadget]] = []

    async def check(tx: Transaction, identifier: str, doc: Gadget) -> None:
        if doc.size == 13:
            raise InvalidError(Fault("size", f"{identifier} cannot be of size 13.", "Choose another size."))

    async def changed(tx: Transaction, change: Change[Gadget]) -> None:
        changes.append(change)

    collection = Collection(schema="scratch", kind="gadget", model=Gadget, check=check, changed=changed)
    return Workshop(collection, changes)


@pytest.fixture
def gadget_service(kit, workshop: Workshop) -> Service:
    return Service(
        "scratch",
        routers=[resource_router(kit, workshop.collection, path="/gadgets", noun="gadgets", tag="gadgets")],
    )
