"""How pages leave: where each channel goes, and how patient the sender is."""

from __future__ import annotations

from pydantic import Field, SecretStr
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
