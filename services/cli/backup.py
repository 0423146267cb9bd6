"""`veilleur backup` and `veilleur restore`."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import text

from services.cli.up import DataDir, settings_from
from services.compose import Postgres, open_postgres
from services.contracts.errors import Fault, InvalidError
from services.kit import migrate as migrations
from services.kit.backup import DATABASE, KEY, BackupError, Manifest, open_backup, write_backup
from services.kit.database import Database
from services.kit.dump import dump
from services.kit.dump import restore as restore_dump
from services.kit.embedded import Client
from services.kit.secrets import KEY_FILE
from services.kit.settings import KitSettings

_LIVE, _DRAFT, _FORMER = "veilleur", "veilleur_restoring", "veilleur_replaced"

File = Annotated[Path, typer.Argument(help="One file with the database, the secret key and a manifest.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what the data directory holds.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(backup)
    app.command()(restore)


def backup(file: File, *, data_dir: DataDir = None) -> None:
    """Write a backup to FILE, also while Veilleur is running. Keep it safe: it contains the secret key."""
    settings = settings_from(data_dir=data_dir)
    manifest = asyncio.run(_backup(settings, file))
    typer.echo(
        f"{file}: database at revision {manifest.revision}, and the secret key. Keep it as safe as a password."
    )


def restore(file: File, *, data_dir: DataDir = None, force: Force = False) -> None:
    """Restore FILE into an empty data directory, or into the empty database of VEILLEUR_DATABASE_URL."""
    settings = settings_from(data_dir=data_dir)
    manifest = asyncio.run(_restore(settings, file, force=force))
    typer.echo(
        f"Restored what Veilleur {manifest.veilleur} backed up at {manifest.made_at:%Y-%m-%d %H:%M %Z}."
    )


async def _backup(settings: KitSettings, file: Path) -> Manifest:
    key = _configured_key(settings)
    if key is None:
        raise BackupError(f"There is nothing to back up in {settings.data_dir}: Veilleur never ran there.")
    async with open_postgres(settings, join=True) as postgres:
        revision = await _revision(postgres.url)
        if revision is None:
            raise BackupError("There is nothing to back up: the database is empty.")
        return await asyncio.to_thread(
            write_backup,
            file,
            dump=lambda target: dump(postgres.url, target, embedded=postgres.embedded),
            key=key,
            revision=revision,
            at=datetime.now(UTC),
        )


async def _restore(settings: KitSettings, file: Path, *, force: bool) -> Manifest:
    with open_backup(file) as (manifest, folder):
        if not migrations.knows(manifest.revision):
            raise BackupError(
                f"The backup is of revision {manifest.revision}, which this version does not know: install "
                f"Veilleur {manifest.veilleur} or newer."
            )
        key = (folder / KEY).read_text(encoding="ascii")
        _refuse_other_key(settings, key)
        if settings.embedded:
            _refuse_occupied(settings.data_dir, force=force)
        async with open_postgres(settings) as postgres:
            if postgres.embedded is not None:
                await _replace(postgres, postgres.embedded.client, folder / DATABASE)
                _keep_key(settings.data_dir / KEY_FILE, key)
                await asyncio.to_thread(postgres.embedded.client.query, f"DROP DATABASE IF EXISTS {_FORMER}")
            else:
                await _refuse_filled(postgres.url)
                await _fill(postgres.url, folder / DATABASE, postgres)
        return manifest


async def _replace(postgres: Postgres, client: Client, content: Path) -> None:
    """Fill a database beside the live one, then swap their names: a failed restore leaves everything as it was."""
    await asyncio.to_thread(client.query, f"DROP DATABASE IF EXISTS {_DRAFT} WITH (FORCE)")
    await asyncio.to_thread(client.query, f"DROP DATABASE IF EXISTS {_FORMER} WITH (FORCE)")
    await _fill(await postgres.database(_DRAFT), content, postgres)
    await asyncio.to_thread(client.query, f"ALTER DATABASE {_LIVE} RENAME TO {_FORMER}")
    await asyncio.to_thread(client.query, f"ALTER DATABASE {_DRAFT} RENAME TO {_LIVE}")


async def _fill(url: str, content: Path, postgres: Postgres) -> None:
    with content.open("rb") as source:
        await asyncio.to_thread(restore_dump, url, source, embedded=postgres.embedded)
    await migrations.migrate(url)


async def _revision(url: str) -> str | None:
    database = Database(url, pool_size=1)
    try:
        async with database.transaction() as tx:
            return (await migrations.revisions(tx)).current
    finally:
        await database.close()


async def _refuse_filled(url: str) -> None:
    database = Database(url, pool_size=1)
    try:
        async with database.transaction() as tx:
            filled = await tx.scalar(
                text(
                    "SELECT EXISTS (SELECT FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
                    "WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema')"
                )
            )
    finally:
        await database.close()
    if filled:
        raise BackupError(
            "The database of VEILLEUR_DATABASE_URL is not empty: create a new one and restore into that."
        )


def _refuse_occupied(data_dir: Path, *, force: bool) -> None:
    if not force and data_dir.is_dir() and any(data_dir.iterdir()):
        raise BackupError(
            f"{data_dir} is not empty: restore into a new --data-dir, or replace what is there with --force."
        )


def _refuse_other_key(settings: KitSettings, key: str) -> None:
    """With a key in the environment, the backup's is not used: then they have to be the same."""
    given = settings.secret_key
    if given is None and settings.embedded:
        return
    if given is None or given.get_secret_value() != key:
        raise InvalidError(
            Fault(
                "VEILLEUR_SECRET_KEY",
                "It is not the key of the backup, so that links and encrypted addresses could not be read.",
                f"Set it to the content of {KEY} inside the backup (tar -xOf FILE {KEY}).",
            )
        )


def _configured_key(settings: KitSettings) -> str | None:
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    path = settings.data_dir / KEY_FILE
    return path.read_text(encoding="ascii").strip() if path.exists() else None


def _keep_key(path: Path, key: str) -> None:
    """Replace the key file in one step."""
    draft = path.with_name(f"{path.name}.restoring")
    draft.unlink(missing_ok=True)
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii"
    ) as file:
        file.write(key + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
