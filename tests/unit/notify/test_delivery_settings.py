"""What is said about settings before the night, not during it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.notify.settings.delivery import DeliverySettings


def test_nothing_configured_is_said_twice_over() -> None:
    channels, fallback = DeliverySettings().gaps()
    assert "VEILLEUR_NOTIFY_EMAIL_URL" in channels
    assert "VEILLEUR_NOTIFY_FALLBACK_URL" in fallback


@pytest.mark.parametrize("channel", ["email_url", "sms_url", "chat_url"])
def test_one_channel_and_a_fallback_leave_nothing_to_say(channel: str) -> None:
    assert DeliverySettings.model_validate({channel: "sandbox://", "fallback_url": "sandbox://"}).gaps() == []


def test_a_lease_that_ends_before_its_send_is_refused() -> None:
    with pytest.raises(ValidationError, match="sent twice"):
        DeliverySettings(send_timeout=20, send_lease=10)
