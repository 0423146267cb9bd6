"""Which account PostgreSQL runs as, and running its programs as that account.

PostgreSQL refuses to run as root. So root lends it an account without privileges; anybody else runs it as themselves.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from services.contracts.errors import PermanentError

_CANDIDATES = ("postgres", "nobody")


class EmbeddedPostgresError(PermanentError):
    """The embedded PostgreSQL cannot run; the message says what to do about it."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine.

    Attributes:
        other: Whether it is somebody else than this process, so that programs have to be started as them.
    """

    uid: int
    gid: int
    name: str
    other: bool

    def run(self, command: Sequence[str | Path], *, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run `command` as this account to its end, and return what it said (standard error included).

        Raises:
            EmbeddedPostgresError: It cannot be started, or took longer than `timeout` seconds.
        """
        try:
            return subprocess.run(  # noqa: S603 - our own binaries and arguments, no shell
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=timeout,
                check=False,
                cwd="/",
                env=environment(),
                user=self.uid if self.other else None,
                group=self.gid if self.other else None,
                extra_groups=[] if self.other else None,
            )
        except subprocess.TimeoutExpired as error:
            raise EmbeddedPostgresError(f"{command[0]} did not finish within {timeout:.0f} s.") from error
        except OSError as error:
            raise self._refused(command[0], error) from error

    def spawn(
        self, command: Sequence[str | Path], *, output: IO[bytes] | None = None, keep: Sequence[int] = ()
    ) -> subprocess.Popen[bytes]:
        """Start `command` as this account, in a session of its own: Ctrl-C at our terminal does not reach it.

        Args:
            command: The program and its arguments.
            output: Where its output goes; None for nowhere.
            keep: File descriptors it inherits.
        """
        target = subprocess.DEVNULL if output is None else output
        try:
            return subprocess.Popen(  # noqa: S603 - our own binaries and arguments, no shell
                list(command),
                stdin=subprocess.PIPE,
                stdout=target,
                stderr=target,
                start_new_session=True,
                pass_fds=tuple(keep),
                cwd="/",
                env=environment(),
                user=self.uid if self.other else None,
                group=self.gid if self.other else None,
                extra_groups=[] if self.other else None,
            )
        except OSError as error:
            raise self._refused(command[0], error) from error

    def pipe(
        self, command: Sequence[str | Path], *, source: IO[bytes] | None, target: IO[bytes] | None
    ) -> None:
        """Run `command` to its end between two open files.

        Raises:
            EmbeddedPostgresError: It failed; carries what it said.
        """
        try:
            done = subprocess.run(  # noqa: S603 - our own binaries and arguments, no shell
                list(command),
                stdin=subprocess.DEVNULL if source is None else source,
                stdout=subprocess.DEVNULL if target is None else target,
                stderr=subprocess.PIPE,
                check=False,
                cwd="/",
                env=environment(),
                user=self.uid if self.other else None,
                group=self.gid if self.other else None,
                extra_groups=[] if self.other else None,
            )
        except OSError as error:
            raise self._refused(command[0], error) from error
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip()
            raise EmbeddedPostgresError(f"{Path(command[0]).name} failed: {said}")

    def reaches(self, folder: Path) -> bool:
        """Whether this account may enter `folder`, by its permissions and those of every folder above."""
        return self.run(["/bin/sh", "-c", 'cd "$1"', "sh", folder]).returncode == 0

    def _refused(self, program: str | Path, error: OSError) -> EmbeddedPostgresError:
        return EmbeddedPostgresError(
            f"{program} cannot be started as {self.name}: {error.strerror or error}."
        )


def account_for(folder: Path) -> Account:
    """The account that runs (or already owns) the server's files in `folder`.

    Raises:
        EmbeddedPostgresError: We are root and this machine has no account to lend.
    """
    me = os.geteuid()
    if me != 0:
        return Account(me, os.getegid(), _name(me), other=False)
    if folder.exists() and (owner := folder.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid, _name(owner.st_uid), other=True)
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, name, other=True)
    raise EmbeddedPostgresError(
        "PostgreSQL refuses to run as root and this machine has neither a `postgres` nor a `nobody` account: "
        "run Veilleur as an ordinary user, or set VEILLEUR_DATABASE_URL."
    )


def environment() -> dict[str, str]:
    """What PostgreSQL's programs get to see: none of the PG* variables that point somewhere else, no locale."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
