"""Which way each kind of contact goes out, as the settings say."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from pydantic import SecretStr

from services.contracts.errors import PermanentError, RetryableError
from services.kit.context import Kit
from services.notify.channels.chat import AppriseChannel, ChatChannel
from services.notify.channels.email import HEADERS, EmailChannel
from services.notify.channels.protocol import Channel, ChannelNotConfiguredError, Receipt, Result
from services.notify.channels.provider import Provider
from services.notify.channels.sandbox import SandboxChannel
from services.notify.channels.sms import SmsChannel
from services.notify.channels.vault import opened
from services.notify.domain.message import Message
from services.notify.domain.page import FALLBACK, DeliveryState
from services.notify.domain.responder import ContactKind
from services.notify.settings.delivery import DeliverySettings

_log = logging.getLogger(__name__)
_PREFIX = "VEILLEUR_NOTIFY_"
_SANDBOX = "sandbox://"


@dataclass(frozen=True)
class Channels:
    """Every way out of this process."""

    kit: Kit
    settings: DeliverySettings

    async def attempt(self, kind: str, address: str, message: Message) -> Result:
        """Send to one contact, within the time-out of the settings, and say what came of it. Never raises."""
        try:
            async with asyncio.timeout(self.settings.send_timeout):
                receipt = await self.send(kind, address, message)
        except TimeoutError:
            # It may have left: only the provider knows.
            return Result(DeliveryState.UNCERTAIN, "timeout", retry=True)
        except RetryableError as error:
            return Result(DeliveryState.FAILED, _code(error), str(error), retry=True)
        except PermanentError as error:
            return Result(DeliveryState.FAILED, _code(error), str(error))
        except Exception as error:  # noqa: BLE001 - a bug in one channel must not hold the others' pages
            _log.exception("Sending by %s broke", kind)
            return Result(DeliveryState.FAILED, "internal_error", type(error).__name__, retry=True)
        return Result(DeliveryState.SENT, receipt.code, receipt.detail)

    async def send(self, kind: str, address: str, message: Message) -> Receipt:
        """Send to one contact by its own channel.

        Raises:
            ProviderAwayError: It may work later.
            RefusedError: It never will.
            ChannelNotConfiguredError: The settings name no way out for `kind`.
        """
        if kind == FALLBACK:
            kind, address = ContactKind.APPRISE, _required(self.settings.fallback_url, "FALLBACK_URL")
        if kind == ContactKind.APPRISE:
            address = opened(self.kit.secrets, address)
            if _is_sandbox(address):
                return await self._sandbox(kind).send(address.partition("://")[2], message)
        return await self._channel(kind).send(address, message)

    def _channel(self, kind: str) -> Channel:
        patience = self.settings.send_timeout
        if kind == ContactKind.APPRISE:
            return AppriseChannel(self.kit.secrets, patience)
        if kind == ContactKind.EMAIL:
            url = _required(self.settings.email_url, "EMAIL_URL")
            return self._sandbox(kind) if _is_sandbox(url) else EmailChannel(Provider(url, patience, HEADERS))
        if kind == ContactKind.SMS:
            url = _required(self.settings.sms_url, "SMS_URL")
            return self._sandbox(kind) if _is_sandbox(url) else SmsChannel(Provider(url, patience))
        url = _required(self.settings.chat_url, "CHAT_URL")
        return self._sandbox(kind) if _is_sandbox(url) else ChatChannel(Provider(url, patience))

    def _sandbox(self, kind: str) -> SandboxChannel:
        return SandboxChannel(self.kit.database, self.kit.clock, kind)


def _code(error: Exception) -> str:
    return str(getattr(error, "code", "") or type(error).__name__)


def _required(url: SecretStr | None, name: str) -> str:
    if url is None:
        raise ChannelNotConfiguredError(f"{_PREFIX}{name}")
    return url.get_secret_value()


def _is_sandbox(url: str) -> bool:
    return url.lower().startswith(_SANDBOX)
