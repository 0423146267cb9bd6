"""E-mail: HTML with its text alternative, through the installation's own server."""

from __future__ import annotations

from dataclasses import dataclass

from services.notify.channels.protocol import Receipt
from services.notify.channels.provider import HTML, Provider
from services.notify.domain.message import Message

# RFC 3834: no vacation message answers it, and no mailing list takes it for a person's.
HEADERS = {"Auto-Submitted": "auto-generated"}


@dataclass(frozen=True)
class EmailChannel:
    """Sends by the mail server that the settings name."""

    provider: Provider

    async def send(self, address: str, message: Message) -> Receipt:
        """See `Channel.send`; `address` is a mailbox."""
        return await self.provider.send(message.html, message, form=HTML, to=address)
