"""The guard: a tiny process that stops the server when its owner is gone, whatever ended the owner."""

from __future__ import annotations

import subprocess
from pathlib import Path

from services.kit.embedded.client import Installation
from services.kit.embedded.lock import Lock
from services.kit.embedded.place import Place

# It holds a pipe from the owner, and the guard lock. The pipe ends without a word when the owner dies; then the server
# is stopped. Twice, because a server killed in the middle of starting has not written its pid file yet.
_SCRIPT = """
trap '' INT TERM HUP
read -r word
[ "$word" = released ] && exit 0
"$1" stop -D "$2" -m fast -w -t 60 || { sleep 2; "$1" stop -D "$2" -m fast -w -t 60; }
[ -z "$3" ] || rmdir "$3"
"""
_SECONDS = 10


class Guard:
    """Stands from before the server starts until after it stopped. Inherits `lock`."""

    def __init__(self, installation: Installation, place: Place, socket: Path, lock: Lock) -> None:
        elsewhere = "" if socket.is_relative_to(place.home) else str(socket)
        command: list[str | Path] = ["/bin/sh", "-c", _SCRIPT, "veilleur-guard"]
        command += [installation.binaries / "pg_ctl", place.cluster, elsewhere]
        self._process: subprocess.Popen[bytes] = installation.account.spawn(command, keep=[lock.descriptor])

    def release(self) -> None:
        """The server has stopped in good order: nothing is left to guard."""
        self._process.communicate(b"released\n", timeout=_SECONDS)
