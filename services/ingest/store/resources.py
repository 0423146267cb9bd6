"""Brands, watches and sources: versioned resources, with what has to change along with them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from services.contracts.errors import ConflictError, Fault, InvalidError
from services.contracts.events import BrandDefined, BrandRemoved, Event
from services.ingest.domain.query.anchor import require_anchors
from services.ingest.domain.query.parsing import parse
from services.ingest.domain.resource import Brand, Source, Watch, check_source_url
from services.ingest.store import polls
from services.kit import outbox
from services.kit.database import Transaction
from services.kit.resources import Change, Collection

SCHEMA = "ingest"

# Held by whoever refers to a brand and by whoever removes it, so that neither misses the other.
_LOCK_BRAND = text("SELECT pg_advisory_xact_lock(hashtextextended('ingest.brand:' || :brand, 0))")


async def _check_watch(tx: Transaction, identifier: str, doc: Watch) -> None:
    del identifier
    require_anchors(parse(doc.query))
    await _check_brand(tx, doc.brand)


async def _check_source(tx: Transaction, identifier: str, doc: Source) -> None:
    del identifier
    check_source_url(doc.url)
    if doc.brand is not None:
        await _check_brand(tx, doc.brand)


async def _check_brand(tx: Transaction, brand: str) -> None:
    await tx.execute(_LOCK_BRAND, {"brand": brand})
    if await BRANDS.find(tx, brand) is None:
        raise InvalidError(
            Fault("brand", f"There is no brand '{brand}'.", "Create it first (POST /api/v1/brands).")
        )


async def _brand_changed(tx: Transaction, change: Change[Brand]) -> None:
    if change.after is None:
        await _check_unused(tx, change.id)
    await outbox.write(tx, SCHEMA, [_brand_event(change)], occurred_at=change.at)


def _brand_event(change: Change[Brand]) -> Event:
    if change.after is None:
        return BrandRemoved(brand=change.id, revision=change.revision)
    return BrandDefined(brand=change.id, name=change.after.doc.name, revision=change.revision)


async def _check_unused(tx: Transaction, brand: str) -> None:
    await tx.execute(_LOCK_BRAND, {"brand": brand})
    watches = [watch.id for watch in await WATCHES.all(tx, brand=brand)]
    sources = [source.id for source in await SOURCES.all(tx, brand=brand)]
    if watches or sources:
        used = "; ".join(
            f"{noun}: {', '.join(ids[:10])}"
            for noun, ids in (("watches", watches), ("sources", sources))
            if ids
        )
        raise ConflictError(f"Brand '{brand}' is still in use ({used}). Delete those first.")


async def _source_changed(tx: Transaction, change: Change[Source]) -> None:
    if change.after is None:
        await polls.remove(tx, change.id)
        return
    due: datetime | None = change.at if change.after.doc.enabled else None
    await polls.plan(tx, change.id, url=change.after.doc.url, due_at=due)


BRANDS: Collection[Brand] = Collection(schema=SCHEMA, kind="brand", model=Brand, changed=_brand_changed)
WATCHES: Collection[Watch] = Collection(schema=SCHEMA, kind="watch", model=Watch, check=_check_watch)
SOURCES: Collection[Source] = Collection(
    schema=SCHEMA, kind="source", model=Source, check=_check_source, changed=_source_changed
)
