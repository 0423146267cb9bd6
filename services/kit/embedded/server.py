"""The embedded server itself: initialise, start, watch over, stop."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

from services.kit.embedded.account import Account, EmbeddedPostgresError
from services.kit.embedded.binaries import MAJOR, Binaries, find_binaries, reachable
from services.kit.embedded.lock import Lock
from services.kit.embedded.place import Place

SUPERUSER = "veilleur"
DATABASE = "veilleur"

_STOP_SECONDS = 60
_POLL = 0.02
_LOG_LIMIT = 10 * 1024 * 1024
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")

# Small enough for a laptop, large enough for one installation; the rest is PostgreSQL's default.
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "lc_messages": "C",
}
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

# Holds a pipe from us and the guard lock. The pipe ends without a word when we die, whatever kills us; then the
# server is stopped. Twice, because one killed in the middle of starting has not written its pid file yet.
_GUARD = """
trap '' INT TERM HUP
read -r word
[ "$word" = released ] && exit 0
"$1" stop -D "$2" -m fast -w -t 60 || { sleep 2; "$1" stop -D "$2" -m fast -w -t 60; }
[ -z "$3" ] || rmdir "$3"
"""


class EmbeddedPostgres:
    """A PostgreSQL server in a data directory, owned by this process. Its methods block.

    Args:
        data_dir: The product's data directory; created if it is not there.
        durable: False trades safety on power loss for speed: tests and simulations only.
        start_timeout: Seconds the server may take to come up; recovery on a slow disk takes a while.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True, start_timeout: float = 120) -> None:
        self._place = Place(data_dir)
        self._durable = durable
        self._start_timeout = start_timeout
        self._owner: Lock | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._account: Account | None = None
        self._binaries: Binaries | None = None
        self._socket: Path | None = None

    def start(self) -> str:
        """Start the server, creating its files at the first start, and return the URL of the product's database.

        Raises:
            EmbeddedPostgresError: It cannot run; says why, with the end of the server's log if there is one.
        """
        assert self._owner is None, "started already"
        self._place.make()
        self._owner = self._own()
        try:
            guard = self._await_guard()
            self._account = account = self._place.settle()
            self._binaries = reachable(find_binaries(self._major()), account, self._place.data_dir)
            self._stop_leftover()
            self._initialise()
            self._socket = self._place.socket_folder(account)
            self._guard = self._stand_guard(guard)
            self._server = self._launch()
            self._await_ready(self._server)
            return self.create_database(DATABASE)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server and release the data directory. Does nothing if it is not started."""
        if self._server is not None:
            self._stop_server()
            self._server.wait(_STOP_SECONDS)
            self._server = None
        if self._guard is not None:
            self._guard.communicate(b"released\n", timeout=_STOP_SECONDS)
            self._guard = None
        self._place.clear_temporary()
        if self._owner is not None:
            self._owner.release()
            self._owner = None

    def create_database(self, name: str) -> str:
        """The URL of database `name`, created if it is not there."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"Not a database name: {name!r}")
        query = f"SELECT 1 FROM pg_database WHERE datname = '{name}'"  # noqa: S608 - matched against _NAME
        found = self.run("psql", "-d", "postgres", "-tAXc", query)
        if found.strip() != "1":
            self.run("createdb", name)
        return self.url(name)

    def url(self, name: str) -> str:
        """The URL of database `name`."""
        return f"postgresql://{SUPERUSER}@/{name}?host={quote(str(self._running_socket()))}"

    def run(self, program: str, *arguments: str | Path, timeout: float = 60) -> str:
        """Run one of PostgreSQL's client programs against this server, as its account; returns its output.

        Raises:
            EmbeddedPostgresError: It failed; carries what it said.
        """
        return self._run(program, "-h", self._running_socket(), "-U", SUPERUSER, *arguments, timeout=timeout)

    def wait(self) -> int:
        """Block until the server has ended, for whatever reason; returns its status."""
        assert self._server is not None, "not started"
        return self._server.wait()

    def log_tail(self, lines: int = 15) -> str:
        """The end of what the server said."""
        if not self._place.log.exists():
            return ""
        with self._place.log.open("rb") as log:
            log.seek(max(0, self._place.log.stat().st_size - 8192))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])

    def _own(self) -> Lock:
        lock = Lock(self._place.data_dir / "owner.lock")
        if not lock.take(wait=0):
            holder = lock.holder()
            lock.release()
            raise EmbeddedPostgresError(
                f"Another Veilleur (process {holder}) is running on {self._place.data_dir}: stop it first, or "
                "choose another --data-dir."
            )
        lock.sign()
        return lock

    def _await_guard(self) -> Lock:
        """The guard's lock: free at once, or as soon as the guard of a killed owner has stopped its server."""
        lock = Lock(self._place.data_dir / "guard.lock")
        if not lock.take(wait=2 * _STOP_SECONDS):
            lock.release()
            raise EmbeddedPostgresError(
                f"The PostgreSQL of an earlier run on {self._place.data_dir} is still stopping: try again in a minute."
            )
        return lock

    def _major(self) -> int:
        version = self._place.cluster / "PG_VERSION"
        return int(version.read_text().strip()) if version.exists() else MAJOR

    def _stop_leftover(self) -> None:
        """Stop a server that outlived both its owner and its guard."""
        if (self._place.cluster / "postmaster.pid").exists():
            status = self._call("pg_ctl", "status", "-D", self._place.cluster)
            if status.returncode == 0:
                self._stop_server()

    def _initialise(self) -> None:
        """Create the cluster under another name first: one cut short is not taken for a whole one."""
        if self._place.cluster.exists():
            return
        draft = self._place.home / "cluster.new"
        self._call("/bin/rm", "-rf", draft)
        arguments = ["-U", SUPERUSER, "--encoding=UTF8", "--auth=trust", "--no-instructions"]
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        if not self._durable:
            arguments.append("--no-sync")
        self._run("initdb", "-D", draft, *arguments, timeout=self._start_timeout)
        self._run("/bin/mv", "-T", draft, self._place.cluster)

    def _stand_guard(self, lock: Lock) -> subprocess.Popen[bytes]:
        account, binaries = self._ready()
        socket = self._socket
        elsewhere = "" if socket is None or socket.is_relative_to(self._place.home) else str(socket)
        command: list[str | Path] = [
            "/bin/sh",
            "-c",
            _GUARD,
            "veilleur-guard",
            binaries / "pg_ctl",
            self._place.cluster,
            elsewhere,
        ]
        guard = account.spawn(command, keep=[lock.descriptor])
        lock.release()
        return guard

    def _launch(self) -> subprocess.Popen[bytes]:
        account, binaries = self._ready()
        log = self._place.log
        if log.exists() and log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_name("postgres.log.1"))
        settings = {**_SETTINGS, "unix_socket_directories": str(self._socket)}
        if not self._durable:
            settings |= _FORGETFUL
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with log.open("ab") as output:
            server = account.spawn(
                [binaries / "postgres", "-D", self._place.cluster, *options], output=output
            )
        assert server.stdin is not None
        server.stdin.close()
        return server

    def _await_ready(self, server: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self._start_timeout
        while not self._says_ready(server.pid):
            if server.poll() is not None:
                raise EmbeddedPostgresError(
                    f"PostgreSQL did not start. The end of its log:\n{self.log_tail()}"
                )
            if time.monotonic() >= deadline:
                raise EmbeddedPostgresError(
                    f"PostgreSQL was not ready within {self._start_timeout:.0f} s. The end of its log:\n{self.log_tail()}"
                )
            time.sleep(_POLL)

    def _says_ready(self, pid: int) -> bool:
        """Whether the pid file's status line says so (LOCK_FILE_LINE_PM_STATUS in PostgreSQL's `miscadmin.h`)."""
        try:
            lines = (self._place.cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return lines[:1] == [str(pid)] and [line.strip() for line in lines[7:8]] == ["ready"]

    def _stop_server(self) -> None:
        # Immediate mode is a crash that recovers at the next start: nothing committed is lost.
        for mode in ("fast", "immediate"):
            wait = ["-m", mode, "-w", "-t", str(_STOP_SECONDS)]
            done = self._call("pg_ctl", "stop", "-D", self._place.cluster, *wait, timeout=_STOP_SECONDS + 10)
            if done.returncode == 0 or (self._server is not None and self._server.poll() is not None):
                return
        raise EmbeddedPostgresError(f"PostgreSQL does not stop: {done.stdout.strip()}")

    def _run(self, program: str, *arguments: str | Path, timeout: float = 60) -> str:
        done = self._call(program, *arguments, timeout=timeout)
        if done.returncode != 0:
            raise EmbeddedPostgresError(f"{program} failed: {done.stdout.strip()}")
        return done.stdout

    def _call(
        self, program: str, *arguments: str | Path, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        account, binaries = self._ready()
        path = program if program.startswith("/") else binaries / program
        return account.run([path, *arguments], timeout=timeout)

    def _ready(self) -> tuple[Account, Binaries]:
        assert self._account is not None
        assert self._binaries is not None
        return self._account, self._binaries

    def _running_socket(self) -> Path:
        assert self._socket is not None, "not started"
        return self._socket
