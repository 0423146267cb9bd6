"""What notify knows of brands: their names, as ingest says them."""

from __future__ import annotations

from sqlalchemy import text

from services.kit.database import Transaction

_SAVE = text("""
    INSERT INTO notify.brands AS known (id, name, revision, removed) VALUES (:id, :name, :revision, :removed)
    ON CONFLICT (id) DO UPDATE SET revision = EXCLUDED.revision, removed = EXCLUDED.removed,
        name = CASE WHEN EXCLUDED.removed THEN known.name ELSE EXCLUDED.name END
    WHERE known.revision < EXCLUDED.revision
""")


async def save_brand(tx: Transaction, *, brand: str, name: str, revision: int) -> None:
    """Remember a brand's name; an older revision than the known one is ignored."""
    await tx.execute(_SAVE, {"id": brand, "name": name, "revision": revision, "removed": False})


async def remove_brand(tx: Transaction, *, brand: str, revision: int) -> None:
    """Remember that a brand is gone. Its name stays: its alerts do too."""
    await tx.execute(_SAVE, {"id": brand, "name": brand, "revision": revision, "removed": True})
