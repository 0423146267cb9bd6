"""A channel that records instead of sending: demonstrations, replays, trials."""

from __future__ import annotations

from dataclasses import dataclass

from services.kit.clock import Clock
from services.kit.database import Database
from services.notify.channels.protocol import Receipt
from services.notify.domain.message import Message
from services.notify.store.sandbox import record


@dataclass(frozen=True)
class SandboxChannel:
    """Keeps each message in the database, as `kind` would have sent it."""

    database: Database
    clock: Clock
    kind: str

    async def send(self, address: str, message: Message) -> Receipt:
        """See `Channel.send`."""
        body = message.short if self.kind == "sms" else message.text
        async with self.database.transaction() as tx:
            number = await record(
                tx, kind=self.kind, recipient=address, message=message, body=body, at=self.clock.now()
            )
        return Receipt(code="recorded", detail=f"sandbox message {number}")
