"""One alert's page: why, what was said, who was woken, what happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.console.views.duty import DutyBook, Next
from services.contracts.values import EvidenceMention
from services.kit.database import Transaction
from services.notify.domain.alert import Alert
from services.notify.domain.responder import Language
from services.notify.store.alerts import find_alert
from services.notify.store.page_tales import PageTale, latest_pages
from services.notify.store.runs import find_run
from services.notify.store.timeline import TimelineEntry, latest_entries

MENTIONS_SHOWN = 5
PAGES_SHOWN = 10
ENTRIES_SHOWN = 30


@dataclass(frozen=True, slots=True)
class AlertPage:
    """Everything that one alert's page shows; lists are the last of theirs, oldest first.

    Attributes:
        night: Whether the brand's team is away now.
        worst: The mentions that were riskiest, the riskiest first.
        next: What happens next by itself; None once somebody answered.
    """

    alert: Alert
    now: datetime
    zone: str
    night: bool
    worst: tuple[EvidenceMention, ...]
    pages: Sequence[PageTale]
    next: Next | None
    timeline: Sequence[TimelineEntry]

    @property
    def earlier_pages(self) -> int:
        """How many pages came before those shown."""
        return self.pages[0].total - len(self.pages) if self.pages else 0

    @property
    def earlier_entries(self) -> int:
        """How many entries came before those shown."""
        return self.timeline[0].sequence - 1 if self.timeline else 0


async def see_alert(
    tx: Transaction, alert_id: UUID, *, now: datetime, language: Language, zone: str
) -> AlertPage | None:
    """The page of an alert; None when there is no such alert."""
    alert = await find_alert(tx, alert_id)
    if alert is None:
        return None
    book = await DutyBook.read(tx, language=language, zone=zone)
    pages = (await latest_pages(tx, [alert_id], each=PAGES_SHOWN)).get(alert_id, [])
    return AlertPage(
        alert=alert,
        now=now,
        zone=book.zone_of(alert.brand),
        night=not book.presence(alert.brand, now).on_duty,
        worst=tuple(sorted(alert.mentions, key=lambda mention: -mention.risk)[:MENTIONS_SHOWN]),
        pages=pages[::-1],
        next=book.next_of(await find_run(tx, alert_id)) if alert.unanswered else None,
        timeline=await latest_entries(tx, alert_id, limit=ENTRIES_SHOWN),
    )
