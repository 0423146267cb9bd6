"""Follows the bus of the demo and tells what happens, in the order in which it does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.cli.demo.mailbox import Mailbox
from services.cli.demo.screen import Screen
from services.cli.demo.story import ALICE, PEOPLE, TEAM_MAILBOX
from services.cli.simulated import chronicle as chronicles
from services.cli.simulated.chronicle import Chronicle
from services.cli.simulated.follower import Follower
from services.cli.simulated.ops import Ops
from services.contracts import topics
from services.contracts.codec import Envelope
from services.contracts.events import AlertEvolved, AlertRaised, Event, MentionAssessed
from services.kit.bus import Bus
from services.kit.simulation import Stop

_CHANNELS = {"email": "e-mail", "sms": "SMS", "chat": "chat"}
_NAMES = {person.id: person.name for person in PEOPLE}
_TOLD = {
    "off_hours": "why",
    "on_duty": "why",
    "held_for_team": "why",
    "worsened": "worse",
    "reopened": "worse",
    "subsided": "calm",
    "exhausted": "silence",
    "page_failed": "failed",
    "page_undelivered": "failed",
}
"""Reasons that are told in their own words, and what stands before them."""

_PAUSE = 0.4
"""Machine seconds a line of the story stays the newest on a terminal: some forty lines, so a quarter of a minute."""

_HANDOVER_LINES = 14


class Show:
    """Reads along and keeps screen and chronicle up to date.

    Args:
        bus: The demo's.
        screen: Where it is told.
        chronicle: The alerts.
        mailbox: For the handover.
        ops: For the SMS as it was received.
    """

    def __init__(self, bus: Bus, screen: Screen, chronicle: Chronicle, mailbox: Mailbox, ops: Ops) -> None:
        self._follower = Follower(bus, (*chronicles.TOPICS, topics.ASSESSMENTS), group="demo-show")
        self._screen = screen
        self._chronicle = chronicle
        self._mailbox = mailbox
        self._ops = ops
        self._handed_over = 0
        self._numbers: dict[UUID, int] = {}
        self._pages: set[object] = set()

    async def look(self, now: datetime) -> bool:
        """Tell what is new; it never asks for more work."""
        news = await self._follower.news()
        self._chronicle.note(news)
        for envelope in news:
            if isinstance(envelope.event, MentionAssessed):
                mention = envelope.event.mention
                self._screen.chart.count(mention.mention_id, mention.event_time, envelope.event.sentiment)
        for envelope in news:
            if await self._tell(envelope.event, news):
                await self._pause()
        await self._tell_handover(now)
        return False

    async def stepped(self, stop: Stop) -> None:
        """At each stop of the simulation."""
        self._screen.move(stop.now)

    async def _tell(self, event: Event, news: Sequence[Envelope]) -> bool:
        """One event, if it is worth a line; True if it was."""
        if isinstance(event, AlertRaised):
            number = self._number(event.alert_id)
            headline = f"{event.severity.upper()} {event.headline}"
            self._screen.say(event.raised_at, f"ALERT {number}", headline, "bold red")
            why = "; ".join(reason.text for reason in event.reasons)
            self._screen.say(event.raised_at, "why", f"rule “{event.rule.name}”: {why}")
            return True
        if not isinstance(event, AlertEvolved):
            return False
        number, code, text = self._number(event.alert_id), event.reason.code, event.reason.text
        if code == "page_sent":
            return await self._tell_page(event, news)
        if code == "step_started" and event.data.get("step"):
            what, text, style = f"silence {number}", "nobody answered: next step of the policy", "yellow"
        elif code == "acknowledged":
            what, text, style = f"taken {number}", f"by {event.actor}; nobody else is woken", "bold green"
        elif code in _TOLD or code.startswith("resolved_"):
            what, style = f"{_TOLD.get(code, 'verdict')} {number}", ""
        else:
            return False
        self._screen.say(event.at, what, text, style)
        return True

    async def _tell_page(self, event: AlertEvolved, news: Sequence[Envelope]) -> bool:
        """All sends of one page in one line, at the first of them."""
        page = event.data.get("page_id")
        if page in self._pages:
            return False
        self._pages.add(page)
        sends = [
            e.event.data
            for e in news
            if isinstance(e.event, AlertEvolved) and e.event.reason.code == "page_sent"
        ]
        channels = sorted(_CHANNELS[str(data["channel"])] for data in sends if data.get("page_id") == page)
        name = _NAMES.get(str(event.data.get("responder")), str(event.data.get("responder")))
        what = f"page {self._number(event.alert_id)}"
        self._screen.say(event.at, what, f"{name}, by {' and '.join(channels)}", "bold magenta")
        if len(self._pages) == 1:
            for message in await self._ops.all("/sandbox/messages"):
                if message["recipient"] == ALICE.phone:
                    self._screen.show(f"SMS to {message['recipient']}: {message['body']}")
                    break
        return True

    def _number(self, alert_id: UUID) -> int:
        return self._numbers.setdefault(alert_id, len(self._numbers) + 1)

    async def _tell_handover(self, now: datetime) -> None:
        mails = self._mailbox.of(TEAM_MAILBOX)
        for mail in mails[self._handed_over :]:
            self._screen.say(now, "handover", f"e-mail to the team: {mail.subject}", "bold blue")
            newest = (await self._ops.get("/handovers", limit=1))["items"][0]
            lines = newest["text"].strip().splitlines()
            more = [] if len(lines) <= _HANDOVER_LINES else ["[...]"]
            self._screen.show("\n".join([*lines[:_HANDOVER_LINES], *more]))
        self._handed_over = len(mails)

    async def _pause(self) -> None:
        if self._screen.console.is_terminal:
            await asyncio.sleep(_PAUSE)
