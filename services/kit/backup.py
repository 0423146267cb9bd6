"""A backup is one file: a tar of the database, the master key, and a manifest that says what they are.

The key is in it because a database without it has lost what is encrypted (addresses of chat channels) and every link
that was sent. So the file is as secret as the installation itself: it is written with mode 0600 and has to be kept so.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from services.contracts.errors import PermanentError

FORMAT = 1
DATABASE, KEY, MANIFEST = "database.dump", "secret.key", "manifest.json"

_CHUNK = 1024 * 1024
_MANIFEST_LIMIT = 64 * 1024


class BackupError(PermanentError):
    """A backup cannot be written or read; the message says why."""


class Part(BaseModel):
    """One file inside a backup: its length in bytes and the SHA-256 of its content."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """What a backup says about itself.

    Attributes:
        format: Of the archive; this version reads 1.
        veilleur: The version that wrote it.
        revision: The database's schema revision.
        made_at: When, by the machine's clock.
        parts: The files, by name.
    """

    model_config = ConfigDict(frozen=True)

    format: int
    veilleur: str
    revision: str
    made_at: AwareDatetime
    parts: dict[str, Part]


def write_backup(
    path: Path, *, dump: Callable[[IO[bytes]], None], key: str, revision: str, at: datetime
) -> Manifest:
    """Write a backup to `path`, which appears only when it is whole and on disk.

    Args:
        path: Where; nothing may be there yet.
        dump: Writes the database's dump into the file it is given.
        key: The master key.
        revision: The schema revision of the database.
        at: When it is made.

    Raises:
        BackupError: Something is at `path` already, or it cannot be written.
    """
    if path.exists():
        raise BackupError(f"{path} exists already: choose another name, a backup never overwrites.")
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as scratch:
            draft, manifest = _draft(Path(scratch), dump=dump, key=key, revision=revision, at=at)
            draft.rename(path)
            return manifest
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror or error}.") from error


def _draft(
    scratch: Path, *, dump: Callable[[IO[bytes]], None], key: str, revision: str, at: datetime
) -> tuple[Path, Manifest]:
    (scratch / KEY).write_text(key, encoding="ascii")
    with (scratch / DATABASE).open("wb") as file:
        dump(file)
    parts = {name: _part(scratch / name) for name in (KEY, DATABASE)}
    manifest = Manifest(
        format=FORMAT, veilleur=version("veilleur"), revision=revision, made_at=at, parts=parts
    )
    draft = scratch / "backup.tar"
    with draft.open("xb") as file:
        os.fchmod(file.fileno(), 0o600)
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
            # First, so that a reader learns what it has in its hands before the long part.
            text = manifest.model_dump_json(indent=2).encode()
            _add(archive, MANIFEST, io.BytesIO(text), len(text), at)
            for name, part in parts.items():
                with (scratch / name).open("rb") as content:
                    _add(archive, name, content, part.size, at)
        file.flush()
        os.fsync(file.fileno())
    return draft, manifest


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes], size: int, at: datetime) -> None:
    # Neither names nor ids of this machine's accounts go into the file.
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(at.timestamp())
    archive.addfile(entry, content)


@contextmanager
def open_backup(path: Path) -> Iterator[tuple[Manifest, Path]]:
    """The manifest of a backup and a private folder with its files, checked; the folder goes at the end.

    Raises:
        BackupError: There is no such file, it is no backup, of a newer format, incomplete or damaged.
    """
    with tempfile.TemporaryDirectory(prefix="veilleur-restore-") as folder:
        yield _unpack(path, Path(folder)), Path(folder)


def _unpack(path: Path, folder: Path) -> Manifest:
    try:
        with tarfile.open(path, mode="r:") as archive:
            manifest = _read_manifest(archive)
            for name in (KEY, DATABASE):
                _extract(archive, name, manifest, folder / name)
    except tarfile.TarError as error:
        raise BackupError(f"{path} is not a backup of Veilleur, or is cut short ({error}).") from error
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror or error}.") from error
    return manifest


def _read_manifest(archive: tarfile.TarFile) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(_member(archive, MANIFEST).read(_MANIFEST_LIMIT))
    except ValidationError as error:
        raise BackupError(f"The manifest cannot be read: {error.errors()[0]['msg']}.") from error
    if manifest.format != FORMAT:
        raise BackupError(
            f"The backup was written by Veilleur {manifest.veilleur} in a format this version does not read: "
            "install that version, or a newer one."
        )
    return manifest


def _extract(archive: tarfile.TarFile, name: str, manifest: Manifest, target: Path) -> None:
    """By name, into our own folder: whatever else the archive holds, or says about paths, is ignored."""
    expected = manifest.parts.get(name)
    if expected is None:
        raise BackupError(f"The manifest does not speak of {name}.")
    with target.open("wb") as file:
        content = _member(archive, name)
        while chunk := content.read(_CHUNK):
            file.write(chunk)
    if _part(target) != expected:
        raise BackupError(f"{name} is not what was backed up (its SHA-256 differs): the file is damaged.")


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        content = archive.extractfile(name)
    except KeyError:
        content = None
    if content is None:
        raise BackupError(f"There is no {name} in it: this is not a backup of Veilleur, or it is cut short.")
    return content


def _part(path: Path) -> Part:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return Part(size=path.stat().st_size, sha256=digest.hexdigest())
