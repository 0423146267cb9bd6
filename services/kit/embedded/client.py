"""What can be asked of a running embedded server, and by which programs."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

from services.kit.embedded.account import Account, EmbeddedPostgresError
from services.kit.embedded.binaries import Binaries

SUPERUSER = "veilleur"

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class Installation:
    """PostgreSQL's programs, and the account that runs them."""

    account: Account
    binaries: Binaries

    def run(self, program: str, *arguments: str | Path, timeout: float = 60) -> str:
        """Run `program` (of PostgreSQL, or by its full path) to its end; returns what it said.

        Raises:
            EmbeddedPostgresError: It failed; carries what it said.
        """
        done = self.call(program, *arguments, timeout=timeout)
        if done.returncode != 0:
            raise EmbeddedPostgresError(f"{program} failed: {done.stdout.strip()}")
        return done.stdout

    def call(
        self, program: str, *arguments: str | Path, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """The same, whatever its status."""
        path = program if program.startswith("/") else self.binaries / program
        return self.account.run([path, *arguments], timeout=timeout)


@dataclass(frozen=True, slots=True)
class Client:
    """Access to a running server through its socket.

    Attributes:
        installation: Programs of the server's version.
        socket: The folder of its socket.
    """

    installation: Installation
    socket: Path

    def url(self, name: str) -> str:
        """The URL of database `name`."""
        return f"postgresql://{SUPERUSER}@/{name}?host={quote(str(self.socket))}"

    def query(self, statement: str, *, database: str = "postgres") -> str:
        """Run one SQL statement; returns its rows, unaligned, without header."""
        arguments = ("-d", database, "-v", "ON_ERROR_STOP=1", "-tAXc", statement)
        return self.installation.run("psql", *self._where(), *arguments).strip()

    def create_database(self, name: str) -> str:
        """The URL of database `name`, created if it is not there."""
        if not self.has_database(name):
            self.query(f"CREATE DATABASE {name}")
        return self.url(name)

    def has_database(self, name: str) -> bool:
        """Whether there is a database of that name."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"Not a database name: {name!r}")
        return self.query(f"SELECT 1 FROM pg_database WHERE datname = '{name}'") == "1"  # noqa: S608 - matched

    def pipe(
        self,
        program: str,
        *arguments: str,
        source: IO[bytes] | None = None,
        target: IO[bytes] | None = None,
    ) -> None:
        """Run a client program between two files of ours, which its account need not be able to open.

        Raises:
            EmbeddedPostgresError: It failed; carries what it said.
        """
        account, binaries = self.installation.account, self.installation.binaries
        account.pipe([binaries / program, *self._where(), *arguments], source=source, target=target)

    def _where(self) -> tuple[str, ...]:
        return ("-h", str(self.socket), "-U", SUPERUSER)
