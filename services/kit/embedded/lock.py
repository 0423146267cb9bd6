"""Two locks on a data directory: one for who owns it now, one for who is still cleaning up after an owner's death."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from services.kit.embedded.account import EmbeddedPostgresError

_STEP = 0.05


class Lock:
    """An advisory lock on a file, freed by the kernel when its holder dies, whatever kills it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            # Not inheritable by programs we start, unless passed on explicitly.
            self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise EmbeddedPostgresError(
                f"{path} cannot be opened ({error.strerror}): run Veilleur as the user who owns the data directory, "
                "or choose another one with --data-dir."
            ) from error

    def take(self, *, wait: float) -> bool:
        """Take it, waiting at most `wait` seconds. False if somebody else has it."""
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(_STEP)
            else:
                return True

    def sign(self) -> None:
        """Write our process id into the file, for the message others get."""
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, str(os.getpid()).encode(), 0)

    def holder(self) -> str:
        """What the holder wrote."""
        return os.pread(self.descriptor, 20, 0).decode(errors="replace").strip() or "unknown"

    def release(self) -> None:
        """Close our end. If another process inherited the lock, it keeps it."""
        os.close(self.descriptor)
