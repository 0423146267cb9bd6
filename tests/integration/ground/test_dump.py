"""A dump made and restored with the machine's own programs, as for a database that is not embedded."""

import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from services.cli import backup as command
from services.kit.backup import BackupError
from services.kit.database import Database
from services.kit.dump import DumpError, dump
from services.kit.embedded.binaries import find_binaries
from services.kit.settings import KitSettings

KEY = "a key for tests only, known to everybody"


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs of the server's version: those of the machine may be older."""
    monkeypatch.setattr(shutil, "which", lambda name: str(find_binaries() / name))


def settings(url: str, key: str = KEY) -> KitSettings:
    return KitSettings.model_validate({"database_url": url, "secret_key": key})


def entries(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def mark(url: str) -> None:
    database = Database(url, pool_size=1)
    async with database.transaction() as tx:
        await tx.execute(text("CREATE TABLE public.marked AS SELECT 'été' AS word"))
    await database.close()


async def marked(url: str) -> str | None:
    database = Database(url, pool_size=1)
    async with database.transaction() as tx:
        word = await tx.scalar(text("SELECT word FROM public.marked"))
    await database.close()
    return word


async def test_a_database_of_ones_own_is_backed_up_and_restored_into_an_empty_one(
    programs: None, database_url: str, empty_database_url: str, tmp_path: Path
) -> None:
    await mark(database_url)
    file = tmp_path / "b.tar"
    await command._backup(settings(database_url), file)
    await command._restore(settings(empty_database_url), file, force=False)
    assert await marked(empty_database_url) == "été"
    with pytest.raises(BackupError, match="not empty"):
        await command._restore(settings(empty_database_url), file, force=True)


async def test_another_key_is_refused_before_anything_is_written(
    programs: None, database_url: str, empty_database_url: str, tmp_path: Path
) -> None:
    await command._backup(settings(database_url), tmp_path / "b.tar")
    other = settings(empty_database_url, KEY[::-1])
    with pytest.raises(Exception, match="VEILLEUR_SECRET_KEY"):
        await command._restore(other, tmp_path / "b.tar", force=False)
    assert await command._revision(empty_database_url) is None


async def test_an_empty_database_is_nothing_to_back_up(empty_database_url: str, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="nothing to back up"):
        await command._backup(settings(empty_database_url), tmp_path / "b.tar")
    assert entries(tmp_path) == []


def test_a_machine_without_the_programs_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with tempfile.TemporaryFile() as file, pytest.raises(DumpError, match="no pg_dump"):
        dump("postgresql://db/x", file, embedded=None)


def test_a_program_that_fails_is_quoted(programs: None, postgres_url: str) -> None:
    absent = urlsplit(postgres_url)._replace(path="/no_such_database").geturl()
    with tempfile.TemporaryFile() as file, pytest.raises(DumpError, match="no_such_database"):
        dump(absent, file, embedded=None)
