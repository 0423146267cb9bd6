"""The archive of a backup: whole and private, or refused in words."""

import io
import json
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import pytest

from services.kit.backup import BackupError, Manifest, open_backup, write_backup
from services.kit.dump import _without_password

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
KEY = "a key for tests only, known to everybody"
DUMP = b"PGDMP" + bytes(range(256)) * 100


def write(path: Path, dump: Callable[[IO[bytes]], object] = lambda file: file.write(DUMP)) -> Manifest:
    return write_backup(path, dump=dump, key=KEY, revision="0001_bus", at=AT)  # type: ignore[arg-type]


def rewrite(path: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """The same archive with other content."""
    with tarfile.open(path) as archive:
        content = {m.name: archive.extractfile(m).read() for m in archive}  # type: ignore[union-attr]
    change(content)
    with tarfile.open(path, "w") as archive:
        for name, data in content.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    written = write(tmp_path / "b.tar")
    with open_backup(tmp_path / "b.tar") as (manifest, folder):
        assert manifest == written
        assert (manifest.revision, manifest.made_at) == ("0001_bus", AT)
        assert (folder / "secret.key").read_text() == KEY
        assert (folder / "database.dump").read_bytes() == DUMP
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


def test_it_is_private_and_leaves_nothing_else_behind(tmp_path: Path) -> None:
    write(tmp_path / "b.tar")
    assert (tmp_path / "b.tar").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["b.tar"]


def test_a_dump_that_fails_leaves_no_file(tmp_path: Path) -> None:
    def fail(_: IO[bytes]) -> None:
        raise BackupError("the dump failed")

    with pytest.raises(BackupError, match="the dump failed"):
        write(tmp_path / "b.tar", fail)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_text("precious")
    with pytest.raises(BackupError, match="exists already"):
        write(tmp_path / "b.tar")
    assert (tmp_path / "b.tar").read_text() == "precious"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="cannot be written"):
        write(tmp_path / "absent" / "b.tar")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda c: c.update({"database.dump": DUMP[:-1] + b"?"}),
            r"database\.dump is not what was backed up",
        ),
        (lambda c: c.update({"secret.key": b"x" * len(KEY)}), r"secret\.key is not what was backed up"),
        (lambda c: c.pop("database.dump"), r"no database\.dump in it"),
        (lambda c: c.pop("manifest.json"), r"no manifest\.json in it"),
        (lambda c: c.update({"manifest.json": b"[]"}), "manifest cannot be read"),
        (
            lambda c: c.update(
                {"manifest.json": json.dumps({**json.loads(c["manifest.json"]), "format": 2}).encode()}
            ),
            "does not read",
        ),
        (
            lambda c: c.update(
                {"manifest.json": json.dumps({**json.loads(c["manifest.json"]), "parts": {}}).encode()}
            ),
            "does not speak of",
        ),
    ],
)
def test_what_was_changed_is_refused(
    tmp_path: Path, change: Callable[[dict[str, bytes]], None], said: str
) -> None:
    write(tmp_path / "b.tar")
    rewrite(tmp_path / "b.tar", change)
    with pytest.raises(BackupError, match=said), open_backup(tmp_path / "b.tar"):
        pass


@pytest.mark.parametrize("length", [0, 100, 512, 5000, 20000])
def test_what_was_cut_short_is_refused(tmp_path: Path, length: int) -> None:
    write(tmp_path / "b.tar")
    (tmp_path / "b.tar").write_bytes((tmp_path / "b.tar").read_bytes()[:length])
    with pytest.raises(BackupError), open_backup(tmp_path / "b.tar"):
        pass


def test_other_files_in_the_archive_go_nowhere(tmp_path: Path) -> None:
    write(tmp_path / "b.tar")
    rewrite(tmp_path / "b.tar", lambda content: content.update({"../escaped": b"!", "more": b"!"}))
    with open_backup(tmp_path / "b.tar") as (_, folder):
        assert {path.name for path in folder.iterdir()} == {"database.dump", "secret.key"}
        assert not (folder.parent / "escaped").exists()


@pytest.mark.parametrize(
    ("url", "address", "password"),
    [
        ("postgresql://v:p%40ss@db:5432/x?ssl=require", "postgresql://v@db:5432/x?sslmode=require", "p@ss"),
        ("postgresql://v@/x?host=/run/pg", "postgresql://v@/x?host=%2Frun%2Fpg", None),
        ("postgresql+asyncpg://db/x", "postgresql://db/x", None),
    ],
)
def test_a_password_does_not_become_an_argument(url: str, address: str, password: str | None) -> None:
    assert _without_password(url) == (address, password)
