"""Chat, and whatever else Apprise knows: the text form."""

from __future__ import annotations

from dataclasses import dataclass

from services.kit.secrets import Secrets
from services.notify.channels.protocol import Receipt
from services.notify.channels.provider import TEXT, Provider
from services.notify.channels.vault import opened
from services.notify.domain.message import Message


@dataclass(frozen=True)
class ChatChannel:
    """Sends by the chat that the settings name."""

    provider: Provider

    async def send(self, address: str, message: Message) -> Receipt:
        """See `Channel.send`; `address` is a room or an account, as the service writes them."""
        return await self.provider.send(message.text, message, form=TEXT, to=address)


@dataclass(frozen=True)
class AppriseChannel:
    """Sends by whatever service the address itself names."""

    secrets: Secrets
    timeout: float

    async def send(self, address: str, message: Message) -> Receipt:
        """See `Channel.send`; `address` is an Apprise URL, sealed or plain."""
        provider = Provider(opened(self.secrets, address), timeout=self.timeout)
        return await provider.send(message.text, message, form=TEXT)
