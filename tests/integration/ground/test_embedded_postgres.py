"""The life and death of the embedded server, on real processes."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.kit.embedded import EmbeddedPostgres, EmbeddedPostgresError
from services.kit.embedded.account import Account, account_for
from services.kit.embedded.binaries import Binaries, find_binaries, reachable
from services.kit.embedded.lock import Lock

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root lends PostgreSQL another account")

OWNER = """
import signal, sys
from pathlib import Path
from services.kit.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), durable=False)
server.start()
# What this server forgets for speed is not what these tests are about.
server.client.query("SET synchronous_commit = on; CREATE TABLE kept AS SELECT 42 AS answer", database="veilleur")
print("up", flush=True)
signal.pause()
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder as `mktemp -d` makes it; pytest's own are closed to other accounts from two levels up."""
    folder = Path(tempfile.mkdtemp(prefix="veilleur-embedded-"))
    yield folder
    if (folder / "guard.lock").exists():
        # The guard of a killed owner may still be at it.
        guard = Lock(folder / "guard.lock")
        assert guard.take(wait=60)
        guard.release()
    shutil.rmtree(folder)


@pytest.fixture
def server(data_dir: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(data_dir, durable=False)
    yield server
    server.stop()


@pytest.fixture
def owner(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that owns the data directory, up and with a row in its database."""
    process = subprocess.Popen([sys.executable, "-c", OWNER, data_dir], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    yield process
    process.kill()
    process.communicate()


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres/cluster/postmaster.pid").read_text().splitlines()[0])


def alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def answer(server: EmbeddedPostgres) -> str:
    return server.client.query("SELECT answer FROM kept", database="veilleur")


def test_what_was_written_is_there_after_a_restart(server: EmbeddedPostgres, data_dir: Path) -> None:
    url = server.start()
    server.client.query("CREATE TABLE kept AS SELECT 42 AS answer", database="veilleur")
    pid = postmaster(data_dir)
    server.stop()
    assert not alive(pid)
    assert server.start() == url
    assert answer(server) == "42"


def test_it_is_reached_by_a_private_socket_and_by_nothing_else(
    server: EmbeddedPostgres, data_dir: Path
) -> None:
    server.start()
    assert server.client.query("SHOW listen_addresses") == ""
    assert server.client.query("SHOW port") == "5432"
    assert server.client.socket.stat().st_mode & 0o777 == 0o700
    assert (data_dir / "postgres").stat().st_mode & 0o777 == 0o700


def test_texts_are_utf8_and_sort_the_same_on_every_machine(server: EmbeddedPostgres) -> None:
    server.start()
    assert server.client.query("SHOW server_encoding") == "UTF8"
    assert server.client.query("SELECT lower('ÉTÉ À NOËL')") == "été à noël"
    assert server.client.query("SELECT datlocprovider FROM pg_database WHERE datname = 'veilleur'") == "b"


def test_a_second_owner_is_refused_and_told_who_the_first_is(
    owner: subprocess.Popen[str], server: EmbeddedPostgres, data_dir: Path
) -> None:
    with pytest.raises(EmbeddedPostgresError, match=rf"process {owner.pid}\) is running on {data_dir}"):
        server.start()
    assert alive(postmaster(data_dir))


def test_a_killed_owner_takes_its_server_along_and_loses_nothing(
    owner: subprocess.Popen[str], server: EmbeddedPostgres, data_dir: Path
) -> None:
    pid = postmaster(data_dir)
    owner.kill()
    owner.wait()
    guard = Lock(data_dir / "guard.lock")
    assert guard.take(wait=30), "the guard is still at it"
    guard.release()
    assert not alive(pid)
    server.start()
    assert answer(server) == "42"


def test_starting_right_after_a_kill_waits_for_the_guard(
    owner: subprocess.Popen[str], server: EmbeddedPostgres, data_dir: Path
) -> None:
    former = postmaster(data_dir)
    owner.kill()
    owner.wait()
    server.start()
    assert not alive(former)
    assert answer(server) == "42"
    assert alive(postmaster(data_dir)), "the former guard did not stop the new server"


def test_a_server_that_outlived_owner_and_guard_is_stopped_first(
    owner: subprocess.Popen[str], server: EmbeddedPostgres, data_dir: Path
) -> None:
    former = postmaster(data_dir)
    guards = [
        int(child) for child in Path(f"/proc/{owner.pid}/task/{owner.pid}/children").read_text().split()
    ]
    for pid in guards:
        if b"veilleur-guard" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)
    owner.kill()
    owner.wait()
    assert alive(former)
    server.start()
    assert not alive(former)
    assert answer(server) == "42"


def test_a_pid_file_that_names_somebody_else_harms_nobody(server: EmbeddedPostgres, data_dir: Path) -> None:
    server.start()
    server.client.query("CREATE TABLE kept AS SELECT 42 AS answer", database="veilleur")
    pid_file = data_dir / "postgres/cluster/postmaster.pid"
    stale = pid_file.read_text().splitlines()
    account = account_for(data_dir / "postgres")
    server.stop()
    with account.spawn(["/bin/sh", "-c", "read -r word"]) as innocent:
        pid_file.write_text("\n".join([str(innocent.pid), *stale[1:]]) + "\n")
        server.start()
        assert answer(server) == "42"
        assert innocent.poll() is None


def test_a_server_killed_together_with_its_owner_recovers(
    owner: subprocess.Popen[str], server: EmbeddedPostgres, data_dir: Path
) -> None:
    owner.send_signal(signal.SIGSTOP)
    os.kill(postmaster(data_dir), signal.SIGKILL)
    owner.kill()
    owner.wait()
    server.start()
    assert answer(server) == "42"


def test_ctrl_c_at_the_terminal_does_not_reach_the_server(
    owner: subprocess.Popen[str], data_dir: Path
) -> None:
    pid = postmaster(data_dir)
    assert os.getsid(pid) != os.getsid(owner.pid)
    assert os.getpgid(pid) != os.getpgid(owner.pid)


def test_another_command_joins_a_running_server_and_leaves_it_running(
    owner: subprocess.Popen[str], data_dir: Path
) -> None:
    guest = EmbeddedPostgres(data_dir)
    url = guest.join()
    assert url is not None
    assert url.startswith("postgresql://")
    assert answer(guest) == "42"
    guest.stop()
    assert alive(postmaster(data_dir))


def test_there_is_nothing_to_join_where_nothing_runs(data_dir: Path) -> None:
    assert EmbeddedPostgres(data_dir).join() is None
    assert EmbeddedPostgres(data_dir / "absent").join() is None
    assert not (data_dir / "absent").exists()


def test_a_path_too_long_for_a_socket_gets_one_elsewhere(data_dir: Path) -> None:
    data_dir.chmod(0o711)
    deep = EmbeddedPostgres(data_dir / ("d" * 60) / ("e" * 60), durable=False)
    deep.start()
    try:
        socket = deep.client.socket
        assert not socket.is_relative_to(data_dir)
        assert socket.stat().st_mode & 0o777 == 0o700
        assert deep.client.query("SELECT 1") == "1"
    finally:
        deep.stop()
    assert not socket.exists()


def test_a_server_that_cannot_start_says_why(server: EmbeddedPostgres, data_dir: Path) -> None:
    server.start()
    server.stop()
    with (data_dir / "postgres/cluster/postgresql.conf").open("a") as file:
        file.write("no_such_setting = on\n")
    with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
        server.start()
    # Nothing is left behind: the directory is free again.
    assert EmbeddedPostgres(data_dir).join() is None


def test_an_initialisation_cut_short_is_begun_again(server: EmbeddedPostgres, data_dir: Path) -> None:
    server.start()
    server.stop()
    cluster = data_dir / "postgres/cluster"
    cluster.rename(data_dir / "postgres/cluster.new")
    (data_dir / "postgres/cluster.new/PG_VERSION").unlink()
    server.start()
    assert server.client.query("SELECT 1") == "1"


def test_the_watch_learns_that_the_server_ended(server: EmbeddedPostgres, data_dir: Path) -> None:
    server.start()
    os.kill(postmaster(data_dir), signal.SIGQUIT)
    begun = time.monotonic()
    server.wait()
    assert time.monotonic() - begun < 30
    server.stop()
    server.start()
    assert server.client.query("SELECT 1") == "1"


def test_variables_of_the_environment_point_nowhere_else(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "PGHOST": "elsewhere",
        "PGPORT": "1",
        "PGDATABASE": "other",
        "PGUSER": "nobody",
    }.items():
        monkeypatch.setenv(name, value)
    server.start()
    assert server.client.query("SELECT current_user") == "veilleur"


def test_a_data_directory_of_another_major_version_is_refused_in_words(
    server: EmbeddedPostgres, data_dir: Path
) -> None:
    server.start()
    server.stop()
    (data_dir / "postgres/cluster/PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedPostgresError, match=r"PostgreSQL 9.*backup"):
        server.start()


def test_a_data_directory_that_cannot_be_made_is_told(data_dir: Path) -> None:
    (data_dir / "file").write_text("")
    with pytest.raises(EmbeddedPostgresError, match="--data-dir"):
        EmbeddedPostgres(data_dir / "file" / "below").start()


@as_root
def test_root_lends_an_account_without_privileges(server: EmbeddedPostgres, data_dir: Path) -> None:
    server.start()
    assert Path(f"/proc/{postmaster(data_dir)}").stat().st_uid != 0
    assert data_dir.stat().st_uid == 0
    assert data_dir.stat().st_mode & 0o066 == 0, "others may pass through, not look inside"


@as_root
def test_root_is_told_when_the_account_cannot_get_there(data_dir: Path) -> None:
    (data_dir / "something of somebody").write_text("")
    with pytest.raises(EmbeddedPostgresError, match=f"may not enter {data_dir}/below"):
        EmbeddedPostgres(data_dir / "below").start()
    assert data_dir.stat().st_mode & 0o777 == 0o700, "other people's folders stay as they are"


@as_root
def test_programs_that_the_account_cannot_reach_are_copied_once(data_dir: Path) -> None:
    hidden = data_dir / "hidden"
    hidden.mkdir(mode=0o700)
    package = find_binaries().root.parent
    shutil.copytree(package, hidden / package.name, symlinks=True)
    shutil.copytree(package.with_name(f"{package.name}.libs"), hidden / f"{package.name}.libs", symlinks=True)
    shelter = data_dir / "shelter"
    shelter.mkdir()
    data_dir.chmod(0o711)
    shelter.chmod(0o711)
    account = account_for(shelter / "absent")
    closed = Binaries(hidden / package.name / find_binaries().root.name)
    copy = reachable(closed, account, shelter)
    assert copy.root.is_relative_to(shelter)
    assert account.run([copy / "initdb", "--version"]).returncode == 0
    inode = (copy / "postgres").stat().st_ino
    assert (reachable(closed, account, shelter) / "postgres").stat().st_ino == inode
    assert len(list(shelter.iterdir())) == 1, "no scratch is left"


def test_an_ordinary_user_runs_it_as_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    monkeypatch.setattr(os, "getegid", lambda: 12345)
    assert account_for(tmp_path) == Account(12345, 12345, "user 12345", other=False)
