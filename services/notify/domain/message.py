"""What a page says, as facts, and the message written from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.contracts.values import EvidenceMention, Playbook, Severity, Situation
from services.notify.domain.responder import Language

WORST = 2
"""Mentions shown in a page: enough to judge by, little enough to read half asleep."""


@dataclass(frozen=True, slots=True)
class PageFacts:
    """Everything a page may say.

    Attributes:
        reader: The name of the person paged.
        zone: IANA zone in which times are told.
        off_hours: Whether the team was away when the alert was raised: the link page is then dark.
        why_you: Why this reader, in a clause; empty where it goes without saying.
        link: The signed link; empty for a reader who has none (the fallback has no name to acknowledge with).
        situation: None when a human raised the alarm.
    """

    reader: str
    language: Language
    zone: str
    brand_name: str
    headline: str
    severity: Severity
    began_at: datetime
    raised_at: datetime
    situation: Situation | None
    mentions: tuple[EvidenceMention, ...]
    playbook: Playbook
    why_you: str
    link: str
    off_hours: bool = True

    @property
    def worst(self) -> tuple[EvidenceMention, ...]:
        """The worst mentions, worst first."""
        return self.mentions[:WORST]


@dataclass(frozen=True, slots=True)
class Message:
    """One message in every form a channel may want.

    Attributes:
        subject: One line.
        text: For mail readers and chats without HTML.
        html: A whole document, or "" for none.
        short: For SMS: GSM alphabet, at most two segments.
        delivery_id: The attempt that it is sent for; None for a test page.
    """

    subject: str
    text: str
    html: str
    short: str
    delivery_id: UUID | None = None
    page_id: UUID | None = None
    alert_id: UUID | None = None
