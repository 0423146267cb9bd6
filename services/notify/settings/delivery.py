"""How pages leave: where each channel goes, and how patient the sender is."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class DeliverySettings(BaseSettings):
    """Delivery, from `VEILLEUR_NOTIFY_*`. URLs are Apprise URLs, or `sandbox://` to record instead of sending.

    Attributes:
        email_url: A `mailto://` or `mailtos://` URL without recipient; None means e-mail is not configured.
        sms_url: The Apprise URL of an SMS provider, without recipient.
        chat_url: The Apprise URL of a chat, without room or account.
        fallback_url: Who is told when nobody else can be: any Apprise URL.
        send_timeout: Machine seconds that one send may take.
        send_lease: Machine seconds after which a claimed send without a result counts as uncertain. Above
            `send_timeout` by a margin for recording the result, or a slow send would be sent twice.
        sends_per_provider: Concurrent sends to one provider; a slow one fills its own lane only.
        max_attempts: Sends of one contact before it is given up.
    """

    model_config = SettingsConfigDict(env_prefix="VEILLEUR_NOTIFY_", extra="ignore")

    email_url: SecretStr | None = None
    sms_url: SecretStr | None = None
    chat_url: SecretStr | None = None
    fallback_url: SecretStr | None = None
    send_timeout: float = Field(default=20, gt=0)
    send_lease: float = Field(default=60, ge=0)
    sends_per_provider: int = Field(default=16, ge=1)
    max_attempts: int = Field(default=5, ge=1)

    @model_validator(mode="after")
    def _lease_outlives_a_send(self) -> Self:
        if 0 < self.send_lease <= self.send_timeout:
            raise ValueError("send_lease must be longer than send_timeout, or a slow send is sent twice")
        return self

    def gaps(self) -> list[str]:
        """What is not configured and would be missed at night, as sentences for whoever starts the process."""
        gaps = []
        if self.email_url is None and self.sms_url is None and self.chat_url is None:
            gaps.append(
                "No page can leave by e-mail, SMS or chat: set VEILLEUR_NOTIFY_EMAIL_URL, VEILLEUR_NOTIFY_SMS_URL or "
                "VEILLEUR_NOTIFY_CHAT_URL (only contacts of kind apprise work without)."
            )
        if self.fallback_url is None:
            gaps.append(
                "When a page reaches nobody, nobody is told: set VEILLEUR_NOTIFY_FALLBACK_URL to an Apprise URL that "
                "somebody always reads."
            )
        return gaps
