"""`veilleur demo --exit`, as `make demo ARGS=--exit` runs it."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-m", "services.cli", "demo", "--exit"]


def test_the_demo_ends_with_status_0_once_the_expected_pages_went_out(tmp_path: Path) -> None:
    # Nobody else's set-up, however broken, may reach it.
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "VEILLEUR_DATABASE_URL": "postgresql://nowhere.invalid/live",
        "VEILLEUR_NOTIFY_SMS_URL": "json://nowhere.invalid",
    }
    done = subprocess.run(COMMAND, capture_output=True, text=True, timeout=300, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "NOT AS EXPECTED" not in done.stdout
    story = done.stdout
    order = [
        "taken 1    by Équipe Lacombe",
        "ALERT 2",
        "Alice, by SMS and e-mail",
        "silence 2",
        "Bruno, by SMS and e-mail",
        "taken 2    by Bruno",
        "verdict 2",
        "handover",
        "As expected",
    ]
    places = [story.index(part) for part in order]
    assert places == sorted(places), story
    assert "Chloé, by" not in story
    assert "David, by" not in story
    # A file wants lines of at most 80 columns, and no terminal's control characters.
    assert max(map(len, story.splitlines())) <= 80
    assert "\x1b" not in story


def test_a_port_that_is_taken_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*COMMAND, "--port", port], capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False
        )
    assert done.returncode == 1
    assert port in done.stderr
    assert "Traceback" not in done.stderr
