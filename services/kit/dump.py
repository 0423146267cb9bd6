"""Dumping and restoring a database, with the embedded server's own programs or with the machine's."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import IO
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from services.contracts.errors import PermanentError
from services.kit.embedded import EmbeddedPostgres

# One format that pg_restore reads from a pipe; no owners, so that it restores under any account.
_DUMP = ("--format=custom", "--no-owner", "--no-privileges")
_RESTORE = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges")


class DumpError(PermanentError):
    """PostgreSQL's program is not there, or failed; carries what it said."""


def dump(url: str, target: IO[bytes], *, embedded: EmbeddedPostgres | None) -> None:
    """Write the database at `url` to `target`, as of one instant, while others go on working.

    Raises:
        DumpError: The machine's pg_dump is missing, too old for the server, or failed.
        EmbeddedPostgresError: The embedded one failed.
    """
    if embedded is not None:
        embedded.client.pipe("pg_dump", *_DUMP, "-d", _database(url), target=target)
    else:
        _machine("pg_dump", url, _DUMP, source=None, target=target)


def restore(url: str, source: IO[bytes], *, embedded: EmbeddedPostgres | None) -> None:
    """Fill the empty database at `url` from a dump: all of it, or nothing.

    Raises:
        DumpError: The machine's pg_restore is missing, too old for the dump, or failed.
        EmbeddedPostgresError: The embedded one failed.
    """
    if embedded is not None:
        embedded.client.pipe("pg_restore", *_RESTORE, "-d", _database(url), source=source)
    else:
        _machine("pg_restore", url, _RESTORE, source=source, target=None)


def _database(url: str) -> str:
    return unquote(urlsplit(url).path.lstrip("/"))


def _machine(
    program: str, url: str, options: tuple[str, ...], *, source: IO[bytes] | None, target: IO[bytes] | None
) -> None:
    path = shutil.which(program)
    if path is None:
        raise DumpError(
            f"There is no {program} on this machine: install PostgreSQL's client programs, of the server's version."
        )
    address, password = _without_password(url)
    # The password goes by the environment: arguments can be read by every account of the machine.
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    done = subprocess.run(  # noqa: S603 - a known program, no shell
        [path, *options, "-d", address],
        stdin=subprocess.DEVNULL if source is None else source,
        stdout=subprocess.DEVNULL if target is None else target,
        stderr=subprocess.PIPE,
        check=False,
        env=environment,
    )
    if done.returncode != 0:
        raise DumpError(f"{program} failed: {done.stderr.decode(errors='replace').strip()}")


def _without_password(url: str) -> tuple[str, str | None]:
    """`url` for PostgreSQL's programs, and the password that was in it."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    # asyncpg says `ssl`, PostgreSQL's own library `sslmode`, for the same values.
    query = [("sslmode" if key == "ssl" else key, value) for key, value in parse_qsl(parts.query)]
    netloc = f"{name}@{host}" if name else host
    return urlunsplit(("postgresql", netloc, parts.path, urlencode(query), "")), unquote(password) or None
