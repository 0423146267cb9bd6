"""The embedded server itself: initialise, start, watch over, stop; or join one that runs."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from services.kit.embedded.account import EmbeddedPostgresError, account_for
from services.kit.embedded.binaries import MAJOR, find_binaries, reachable
from services.kit.embedded.client import SUPERUSER, Client, Installation
from services.kit.embedded.guard import Guard
from services.kit.embedded.lock import Lock
from services.kit.embedded.place import Place

DATABASE = "veilleur"
"""The product's own database."""

_STOP_SECONDS = 60
_POLL = 0.02
_LOG_LIMIT = 10 * 1024 * 1024

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


class EmbeddedPostgres:
    """A PostgreSQL server in a data directory. Its methods block.

    Args:
        data_dir: The product's data directory; created by `start` if it is not there.
        durable: False trades safety on power loss for speed: tests and simulations only.
        start_timeout: Seconds the server may take to come up; recovery on a slow disk takes a while.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True, start_timeout: float = 120) -> None:
        self._place = Place(data_dir)
        self._durable = durable
        self._start_timeout = start_timeout
        self._owner: Lock | None = None
        self._guard: Guard | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._installation: Installation | None = None
        self._client: Client | None = None

    @property
    def client(self) -> Client:
        """What can be asked of the running server."""
        assert self._client is not None, "neither started nor joined"
        return self._client

    def start(self) -> str:
        """Start the server, creating its files at the first start, and return the URL of the product's database.

        Raises:
            EmbeddedPostgresError: It cannot run; says why, with the end of the server's log if there is one.
        """
        assert self._owner is None, "started already"
        self._place.make()
        self._owner = self._own()
        try:
            lock = self._await_guard()
            try:
                self._installation = installation = self._prepare()
                socket = self._place.socket_folder(installation.account)
                self._guard = Guard(installation, self._place, socket, lock)
            finally:
                # From here on the guard alone holds it.
                lock.release()
            self._server = self._launch(installation, socket)
            self._await_ready(self._server)
            self._client = Client(installation, socket)
            return self._client.create_database(DATABASE)
        except BaseException:
            self.stop()
            raise

    def join(self) -> str | None:
        """Use the server that another process of this machine runs on the data directory, if one does.

        Returns:
            The URL of the product's database; None if no server runs there. `stop` leaves a joined server alone.
        """
        if not self._place.data_dir.is_dir() or not (self._place.data_dir / "owner.lock").exists():
            return None
        lock = Lock(self._place.data_dir / "owner.lock")
        free = lock.take(wait=0)
        lock.release()
        if free:
            return None
        self._await(lambda: (state := self._state()) is not None and state[7:8] == ["ready"])
        account = account_for(self._place.home)
        installation = Installation(
            account, reachable(find_binaries(self._major()), account, self._place.data_dir)
        )
        state = self._state()
        assert state is not None, "ready a moment ago"
        self._client = Client(installation, Path(state[4]))
        return self._client.url(DATABASE)

    def stop(self) -> None:
        """Stop the server and release the data directory. Does nothing if it is not started."""
        self._client = None
        if self._server is not None:
            if self._server.poll() is None:
                self._stop_server(self._ready())
            self._server.wait(_STOP_SECONDS)
            self._server = None
        if self._guard is not None:
            self._guard.release()
            self._guard = None
        self._place.clear_temporary()
        if self._owner is not None:
            self._owner.release()
            self._owner = None

    def create_database(self, name: str) -> str:
        """The URL of database `name`, created if it is not there."""
        return self.client.create_database(name)

    def url(self, name: str) -> str:
        """The URL of database `name`."""
        return self.client.url(name)

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
        # Not at once: `join` holds it for an instant to find out.
        if not lock.take(wait=0.5):
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
                f"The PostgreSQL of an earlier run on {self._place.data_dir} is still stopping: "
                "try again in a minute."
            )
        return lock

    def _prepare(self) -> Installation:
        """Everything a start needs: reachable programs, no server of an earlier life, an initialised cluster."""
        account = self._place.settle()
        binaries = reachable(find_binaries(self._major()), account, self._place.data_dir)
        installation = Installation(account, binaries)
        self._stop_leftover(installation)
        self._initialise(installation)
        return installation

    def _major(self) -> int:
        version = self._place.cluster / "PG_VERSION"
        return int(version.read_text().strip()) if version.exists() else MAJOR

    def _stop_leftover(self, installation: Installation) -> None:
        """Stop a server that outlived both its owner and its guard.

        A pid file proves little: after the machine (or the container) was cut off, its process id may be somebody
        else's, or a zombie's. PostgreSQL would refuse to start because of either; holding both locks, we know better.
        """
        state = self._state()
        if state is None:
            return
        if self._serves_here(int(state[0]), installation):
            self._stop_server(installation)
        else:
            (self._place.cluster / "postmaster.pid").unlink()

    def _serves_here(self, pid: int, installation: Installation) -> bool:
        if not Path("/proc/self/cmdline").exists():
            return installation.call("pg_ctl", "status", "-D", self._place.cluster).returncode == 0
        try:
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            return False
        return os.fsencode(self._place.cluster) in arguments

    def _initialise(self, installation: Installation) -> None:
        """Create the cluster under another name first: one cut short is not taken for a whole one."""
        if self._place.cluster.exists():
            return
        draft = self._place.home / "cluster.new"
        installation.run("/bin/rm", "-rf", draft)
        arguments = ["-U", SUPERUSER, "--encoding=UTF8", "--auth=trust", "--no-instructions"]
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        if not self._durable:
            arguments.append("--no-sync")
        installation.run("initdb", "-D", draft, *arguments, timeout=self._start_timeout)
        installation.run("/bin/mv", "-T", draft, self._place.cluster)

    def _launch(self, installation: Installation, socket: Path) -> subprocess.Popen[bytes]:
        log = self._place.log
        if log.exists() and log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_name("postgres.log.1"))
        settings = {**_SETTINGS, "unix_socket_directories": str(socket)}
        if not self._durable:
            settings |= _FORGETFUL
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        program = installation.binaries / "postgres"
        with log.open("ab") as output:
            server = installation.account.spawn([program, "-D", self._place.cluster, *options], output=output)
        assert server.stdin is not None
        server.stdin.close()
        return server

    def _await_ready(self, server: subprocess.Popen[bytes]) -> None:
        def ready() -> bool:
            if server.poll() is not None:
                raise EmbeddedPostgresError(
                    f"PostgreSQL did not start. The end of its log:\n{self.log_tail()}"
                )
            state = self._state()
            return state is not None and state[0] == str(server.pid) and state[7:8] == ["ready"]

        self._await(ready)

    def _await(self, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + self._start_timeout
        while not ready():
            if time.monotonic() >= deadline:
                raise EmbeddedPostgresError(
                    f"PostgreSQL was not ready within {self._start_timeout:.0f} s. "
                    f"The end of its log:\n{self.log_tail()}"
                )
            time.sleep(_POLL)

    def _state(self) -> list[str] | None:
        """The lines of the pid file, as in PostgreSQL's `miscadmin.h` (LOCK_FILE_LINE_*); None if there is no server.

        They are: pid, data directory, start time, port, socket folder, listen address, shared memory, status.
        """
        try:
            lines = (self._place.cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return None
        return [line.strip() for line in lines] or None

    def _stop_server(self, installation: Installation) -> None:
        # Immediate mode is a crash that recovers at the next start: nothing committed is lost.
        for mode in ("fast", "immediate"):
            wait = ["-m", mode, "-w", "-t", str(_STOP_SECONDS)]
            done = installation.call(
                "pg_ctl", "stop", "-D", self._place.cluster, *wait, timeout=_STOP_SECONDS + 10
            )
            if done.returncode == 0 or (self._server is not None and self._server.poll() is not None):
                return
        raise EmbeddedPostgresError(f"PostgreSQL does not stop: {done.stdout.strip()}")

    def _ready(self) -> Installation:
        assert self._installation is not None
        return self._installation
