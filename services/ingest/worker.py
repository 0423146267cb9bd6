"""What ingest runs beside its API: the relay that publishes its outbox."""

from __future__ import annotations

from collections.abc import Sequence

from services.ingest.store.resources import SCHEMA
from services.kit.context import Kit
from services.kit.outbox import Relay
from services.kit.runtime import Worker


def workers(kit: Kit) -> Sequence[Worker]:
    """The workers of one process."""
    return (Relay(kit.database, kit.bus, SCHEMA),)
