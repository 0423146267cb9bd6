"""What every service is built from."""

from __future__ import annotations

from dataclasses import dataclass

from services.kit.bus import Bus
from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.secrets import Secrets
from services.kit.settings import KitSettings


@dataclass(frozen=True)
class Kit:
    """The shared plumbing of one process.

    Attributes:
        settings: What was configured.
        database: The pool.
        bus: Where events are published and read.
        clock: Business time.
        secrets: Signatures and encryption.
    """

    settings: KitSettings
    database: Database
    bus: Bus
    clock: Clock
    secrets: Secrets
