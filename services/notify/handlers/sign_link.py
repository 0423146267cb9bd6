"""The short link inside a page: who holds it may answer for that page, and for nothing else."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.kit.context import Kit
from services.kit.secrets import Secrets

LIFETIME = timedelta(hours=48)
"""Business time for which a link is good: a week-end's alert can still be taken on Monday morning."""

_PURPOSE = "page-link"
# 80 bits: out of reach of guessing over a network, short enough for an SMS. Page, minute and signature are 30 bytes,
# which is 40 characters of base64 without padding.
_SIGNATURE = 10
_PAGE, _MINUTE = 16, 4
_MINUTE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Link:
    """What a genuine link says."""

    page_id: UUID
    expires_at: datetime


def link_to(kit: Kit, page_id: UUID, *, at: datetime) -> str:
    """The address to put into the page; good for `LIFETIME` from `at`."""
    return f"{kit.settings.public_url}/p/{sign_link(kit.secrets, page_id, at + LIFETIME)}"


def sign_link(secrets: Secrets, page_id: UUID, expires_at: datetime) -> str:
    """The token of a link: URL-safe, 40 characters. Its end is kept to the minute."""
    minute = int(expires_at.timestamp()) // _MINUTE_SECONDS
    payload = page_id.bytes + minute.to_bytes(_MINUTE, "big")
    return base64.urlsafe_b64encode(payload + secrets.sign(_PURPOSE, payload)[:_SIGNATURE]).decode()


def read_link(secrets: Secrets, token: str) -> Link | None:
    """What the token says; None when it was not made here or was changed. It may have expired."""
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    payload, signature = raw[: _PAGE + _MINUTE], raw[_PAGE + _MINUTE :]
    if len(payload) != _PAGE + _MINUTE or len(signature) != _SIGNATURE:
        return None
    genuine = secrets.sign(_PURPOSE, payload)
    # Compared by the kit, in constant time: the rest of the signature, which the link leaves out, is filled in.
    if not secrets.verify(_PURPOSE, payload, signature + genuine[_SIGNATURE:]):
        return None
    seconds = int.from_bytes(payload[_PAGE:], "big") * _MINUTE_SECONDS
    return Link(UUID(bytes=payload[:_PAGE]), datetime.fromtimestamp(seconds, UTC))
