"""The folders of an embedded server: made, owned and reachable as PostgreSQL wants them."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from services.kit.embedded.account import Account, EmbeddedPostgresError, account_for

# sockaddr_un.sun_path holds 108 bytes with its terminator (unix(7)); PostgreSQL names its socket like this.
_SOCKET_LIMIT = 107
_SOCKET_NAME = "/.s.PGSQL.5432"

# What Veilleur itself puts into a data directory: one that holds nothing else is ours to open for the server.
_OURS = re.compile(r"postgres|postgres\.log(\.1)?|postgresql-.+|secret\.key(\.\w+)?|(owner|guard)\.lock")


class Place:
    """Where one embedded server lives.

    Attributes:
        data_dir: The product's data directory; stays its owner's.
        home: The server's own folder, of mode 0700, owned by its account.
        cluster: PostgreSQL's data directory (`PGDATA`).
        log: What the server says. Outside `home`, so that root never writes through a folder of another account.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.expanduser().absolute()
        self.home = self.data_dir / "postgres"
        self.cluster = self.home / "cluster"
        self.log = self.data_dir / "postgres.log"
        self._temporary: Path | None = None

    def make(self) -> None:
        """Create the data directory.

        Raises:
            EmbeddedPostgresError: It cannot be created or written.
        """
        root = os.geteuid() == 0
        try:
            missing = [folder for folder in (self.data_dir, *self.data_dir.parents) if not folder.exists()]
            for folder in reversed(missing):
                folder.mkdir(exist_ok=True)
                # Whatever the umask: as root, the server's account has to get through what we create.
                folder.chmod(0o711 if root else 0o700 if folder == self.data_dir else 0o755)
        except OSError as error:
            raise EmbeddedPostgresError(
                f"The data directory {self.data_dir} cannot be created ({error.strerror}): choose another one "
                "with --data-dir or VEILLEUR_DATA_DIR."
            ) from error
        if not os.access(self.data_dir, os.W_OK | os.X_OK):
            raise EmbeddedPostgresError(
                f"The data directory {self.data_dir} cannot be written by this user: choose another one with "
                "--data-dir or VEILLEUR_DATA_DIR."
            )

    def settle(self) -> Account:
        """Create the server's folder, owned by its account and reachable by it.

        Raises:
            EmbeddedPostgresError: The account cannot get there.
        """
        account = account_for(self.home)
        if not self.home.exists():
            self.home.mkdir(mode=0o700)
            if account.other:
                os.chown(self.home, account.uid, account.gid)
        if not account.other or account.reaches(self.home):
            return account
        if all(_OURS.fullmatch(entry.name) for entry in self.data_dir.iterdir()):
            # Made for us (`mktemp -d`) or by us: let others pass through it, without letting them look inside.
            self.data_dir.chmod(self.data_dir.stat().st_mode & 0o777 | 0o011)
        if not account.reaches(self.home):
            raise EmbeddedPostgresError(
                f"As root, PostgreSQL runs as the account `{account.name}`, which may not enter {self.data_dir}: "
                "choose a data directory whose parents everybody may pass through, such as /var/lib/veilleur, "
                "or run Veilleur as an ordinary user."
            )
        return account

    def socket_folder(self, account: Account) -> Path:
        """A fresh folder for the socket that only the server's account may enter; short enough for a socket."""
        folder = self.home / "run"
        if len(os.fsencode(folder)) + len(_SOCKET_NAME) <= _SOCKET_LIMIT:
            folder.mkdir(mode=0o700, exist_ok=True)
        else:
            folder = self._temporary = Path(tempfile.mkdtemp(prefix="veilleur-"))
        if account.other:
            os.chown(folder, account.uid, account.gid, follow_symlinks=False)
        return folder

    def clear_temporary(self) -> None:
        """Remove a socket folder that had to live elsewhere."""
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None
