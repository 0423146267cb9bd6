"""What every channel does, and the two ways in which it may fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from services.contracts.errors import PermanentError, RetryableError
from services.notify.domain.message import Message
from services.notify.domain.page import DeliveryState


@dataclass(frozen=True, slots=True)
class Receipt:
    """The provider took the message.

    Attributes:
        code: The provider's own word for it, or `accepted`.
        detail: What else it said, without secrets.
    """

    code: str = "accepted"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one attempt, whatever happened.

    Attributes:
        state: `sent`, `failed` or `uncertain`.
        code: The provider's own word, or ours (`timeout`, `channel_not_configured`).
        detail: What else is known, without secrets.
        retry: Whether another attempt may do better.
    """

    state: DeliveryState
    code: str
    detail: str = ""
    retry: bool = False


class Channel(Protocol):
    """A way out. Time-outs are the sender's: a send may be cancelled at any await."""

    async def send(self, address: str, message: Message) -> Receipt:
        """Hand `message` to the provider for `address`.

        Raises:
            ProviderAwayError: It may work later.
            RefusedError: It never will.
            ChannelNotConfiguredError: There is no way out of this kind here.
        """
        ...


class ProviderAwayError(RetryableError):
    """A provider cannot be reached or is busy. `code` is its own, or `unreachable`; the text holds no secret."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class RefusedError(PermanentError):
    """A provider will not take this message, however often it is asked. The text holds no secret."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class ChannelNotConfiguredError(RefusedError):
    """Nobody said how messages of this kind leave."""

    def __init__(self, setting: str) -> None:
        super().__init__("channel_not_configured", f"Set {setting} to send by this channel.")
