"""SMS: the short form, at most two segments, through the provider that the settings name."""

from __future__ import annotations

from dataclasses import dataclass

from services.notify.channels.protocol import Receipt
from services.notify.channels.provider import TEXT, Provider
from services.notify.domain.message import Message


@dataclass(frozen=True)
class SmsChannel:
    """Sends by one SMS provider."""

    provider: Provider

    async def send(self, address: str, message: Message) -> Receipt:
        """See `Channel.send`; `address` is an E.164 number."""
        return await self.provider.send(message.short, message, form=TEXT, to=address)
