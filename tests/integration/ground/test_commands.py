"""The program as people run it: real processes, a real port, signals."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from services.cli.main import app
from services.kit.backup import BackupError
from services.kit.embedded.lock import Lock

COMMAND = [sys.executable, "-m", "services.cli"]


def veilleur(*arguments: str | Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def here(*arguments: str | Path) -> Result:
    """The same inside this process, which saves the time to import everything."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@dataclass
class Up:
    process: subprocess.Popen[str]
    url: str
    token: str | None
    log: Path

    def get(self, path: str, token: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return httpx.get(f"{self.url}{path}", headers=headers, timeout=30)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="veilleur-commands-"))
    folder.chmod(0o711)
    yield folder
    for path in folder.rglob("guard.lock"):
        guard = Lock(path)
        assert guard.take(wait=60)
        guard.release()
    shutil.rmtree(folder)


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[[str], Up]]:
    """`veilleur up` on a free port and a data directory of that name, once it says that it is up."""
    with ExitStack() as stack:

        def start(name: str) -> Up:
            log = stack.enter_context((folder / f"{name}.log").open("w+"))
            command = [*COMMAND, "up", "--data-dir", str(folder / name), "--port", "0"]
            process = stack.enter_context(
                subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
            )
            stack.callback(process.kill)
            assert process.stdout is not None
            said = ""
            while not (up := re.search(r"is up: (http://\S+)", said)):
                line = process.stdout.readline()
                assert line, said + (folder / f"{name}.log").read_text()
                said += line
            token = re.search(r"shown only this once: (\S+)", said)
            return Up(process, up[1], token and token[1], Path(log.name))

        yield start


@pytest.fixture
def up(start: Callable[[str], Up]) -> Up:
    return start("data")


def test_up_serves_prints_a_token_once_and_ends_in_good_order(
    start: Callable[[str], Up], up: Up, folder: Path
) -> None:
    assert up.token is not None
    assert httpx.get(f"{up.url}/healthz").status_code == 200
    ready = httpx.get(f"{up.url}/readyz")
    assert ready.status_code == 200, ready.text
    assert up.get("/api/v1/tokens").status_code == 200
    assert httpx.get(f"{up.url}/api/v1/tokens").status_code == 401
    assert up.end(signal.SIGTERM) == 0
    assert not (folder / "data/postgres/cluster/postmaster.pid").exists()

    again = start("data")
    assert again.token is None
    assert again.get("/api/v1/tokens", up.token).status_code == 200
    assert again.end(signal.SIGINT) == 0


def test_a_killed_process_starts_again_where_it_was(start: Callable[[str], Up], up: Up) -> None:
    assert up.end(signal.SIGKILL) == -signal.SIGKILL
    again = start("data")
    assert again.get("/api/v1/tokens", up.token).status_code == 200
    assert again.end(signal.SIGTERM) == 0


def test_a_second_one_is_refused_in_one_sentence(up: Up, folder: Path) -> None:
    port = up.url.rpartition(":")[2]
    taken = veilleur("up", "--data-dir", folder / "other", "--port", port)
    assert (taken.returncode, taken.stdout) == (1, "")
    assert re.fullmatch(rf"veilleur: Port {port} .*another --port\.\n", taken.stderr), taken.stderr
    assert not (folder / "other").exists()
    occupied = veilleur("up", "--data-dir", folder / "data", "--port", "0")
    assert occupied.returncode == 1
    assert f"Another Veilleur (process {up.process.pid}) is running" in occupied.stderr
    assert "Traceback" not in occupied.stderr


def test_the_end_of_the_database_ends_the_process_and_says_so(up: Up, folder: Path) -> None:
    lines = (folder / "data/postgres/cluster/postmaster.pid").read_text().splitlines()
    os.kill(int(lines[0]), signal.SIGQUIT)
    up.process.communicate(timeout=60)
    assert up.process.returncode == 1
    assert "veilleur: The embedded PostgreSQL ended by itself" in up.log.read_text()


def test_a_backup_of_a_running_installation_restores_into_another_directory(
    start: Callable[[str], Up], up: Up, folder: Path
) -> None:
    extra = here("token", "Alice", "--role", "viewer", "--data-dir", folder / "data").stdout.strip()
    assert up.get("/api/v1/tokens", extra).status_code == 403, "known, and only a viewer"
    file = folder / "backup.tar"
    made = here("backup", file, "--data-dir", folder / "data")
    assert made.exit_code == 0, made.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    assert "secret key" in made.stdout
    assert up.get("/healthz").status_code == 200, "it goes on running"
    assert here("backup", file, "--data-dir", folder / "data").exit_code == 1, "a backup never overwrites"

    restored = here("restore", file, "--data-dir", folder / "copy")
    assert restored.exit_code == 0, restored.stderr
    key = (folder / "data/secret.key").read_text()
    assert (folder / "copy/secret.key").read_text() == key
    assert (folder / "copy/secret.key").stat().st_mode & 0o777 == 0o600
    copy = start("copy")
    assert copy.token is None, "its tokens came along"
    assert copy.get("/api/v1/tokens", up.token).status_code == 200
    assert copy.end(signal.SIGTERM) == 0

    refused = here("restore", file, "--data-dir", folder / "copy")
    assert refused.exit_code == 1
    assert "--force" in refused.stderr
    assert here("token", "later", "--data-dir", folder / "copy").exit_code == 0
    forced = here("restore", file, "--data-dir", folder / "copy", "--force")
    assert forced.exit_code == 0, forced.stderr
    copy = start("copy")
    names = {token["name"] for token in copy.get("/api/v1/tokens", up.token).json()["items"]}
    assert names == {"first admin", "Alice"}
    assert copy.end(signal.SIGTERM) == 0


def test_a_damaged_backup_changes_nothing(up: Up, folder: Path) -> None:
    file = folder / "backup.tar"
    assert here("backup", file, "--data-dir", folder / "data").exit_code == 0
    with tarfile.open(file) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        assert set(json.load(manifest)["parts"]) == {"database.dump", "secret.key"}
        place = archive.getmember("database.dump").offset_data + 2000
    content = bytearray(file.read_bytes())
    content[place] ^= 0xFF
    file.write_bytes(content)
    refused = here("restore", file, "--data-dir", folder / "copy")
    assert refused.exit_code == 1
    assert "damaged" in refused.stderr
    assert not (folder / "copy").exists()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--version"], 0, r"veilleur \d+\.\d+\.\d+\n"),
        (["--help"], 0, r"(?s).*up.*migrate.*backup.*restore.*"),
        (["nonsense"], 2, r"(?s).*No such command 'nonsense'.*"),
        (["up", "--port", "70000"], 2, r"(?s).*65535.*"),
        (
            ["restore", "/nowhere/at/all.tar", "--data-dir", "/nowhere/either"],
            1,
            r"veilleur: /nowhere/at/all.tar .*\n",
        ),
        (
            ["backup", "/nowhere/at/all.tar", "--data-dir", "/nowhere/either"],
            1,
            r"veilleur: There is nothing .*\n",
        ),
    ],
)
def test_commands_answer_people(arguments: list[str], status: int, said: str) -> None:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == status, done.output
    assert re.fullmatch(said, done.output), done.output


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILLEUR_DATABASE_URL", "mysql://root:hunter2@localhost/x")
    done = CliRunner().invoke(app, ["migrate"])
    assert done.exit_code == 2
    assert "VEILLEUR_DATABASE_URL" in done.output
    assert "hunter2" not in done.output


def test_a_bug_or_debug_shows_the_traceback(folder: Path) -> None:
    arguments = ["restore", str(folder / "absent.tar"), "--data-dir", str(folder / "data")]
    assert isinstance(CliRunner().invoke(app, ["--debug", *arguments]).exception, BackupError)
    assert isinstance(CliRunner().invoke(app, arguments).exception, SystemExit)
