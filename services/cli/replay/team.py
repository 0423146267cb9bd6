"""The set-up that a replay uses: a team in its office hours, one person on call, channels that only record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from services.cli.simulated.chronicle import Chronicle
from services.cli.simulated.ops import Ops
from services.kit.runtime import Ticker

ON_CALL = "on-call"
TEAM_ANSWERS = timedelta(minutes=10)
ON_CALL_ANSWERS = timedelta(minutes=5)
"""How long people take in a replay: nobody is there to answer, so an answer is assumed, and told to be."""

ENVIRONMENT = {
    "NOTIFY_EMAIL_URL": "sandbox://",
    "NOTIFY_SMS_URL": "sandbox://",
    "NOTIFY_CHAT_URL": "sandbox://",
    "NOTIFY_FALLBACK_URL": "sandbox://fallback",
}

_COUNTRIES = {"Europe/Paris": "FR"}
"""Whose public holidays close the day, for the zones where there is no doubt."""


async def set_up(
    ops: Ops, *, brand: str, name: str, query: str | None, zone: ZoneInfo, first: datetime
) -> None:
    """Write the documents; without a query there is no watch, because every row is about the brand."""
    await ops.define("/brands", brand, {"name": name})
    if query is not None:
        await ops.define("/watches", "replay", {"brand": brand, "name": "Replay", "query": query})
    await ops.define("/coverage", brand, _coverage(brand, zone))
    contacts = [
        {"kind": "email", "address": "on-call@replay.example"},
        {"kind": "sms", "address": "+33639980000"},
    ]
    person = {"name": "On call", "zone": zone.key, "contacts": contacts}
    await ops.define("/responders", ON_CALL, person)
    starts_on = (first.astimezone(zone) - timedelta(days=7)).date().isoformat()
    rotation = {"responders": [ON_CALL], "starts_on": starts_on, "handoff": "09:00", "shift_days": 7}
    await ops.define("/schedules", "replay", {"name": "Replay", "zone": zone.key, "rotation": rotation})
    steps = [{"after_minutes": 0, "targets": [{"kind": "schedule", "id": "replay"}]}]
    await ops.define("/policies", "replay", {"name": "Replay", "steps": steps})


def _coverage(brand: str, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "brand": brand,
        "zone": zone.key,
        "windows": [{"days": [1, 2, 3, 4, 5], "start": "09:00", "end": "18:00"}],
        "holiday_country": _COUNTRIES.get(zone.key),
    }


class Answers:
    """Takes every alert some minutes after the team could see it, or after the person on call was paged."""

    def __init__(self, chronicle: Chronicle, ops: Ops) -> None:
        self._chronicle = chronicle
        self._ops = ops

    def ticker(self) -> Ticker:
        """How a simulation calls them."""
        return Ticker("answers", timedelta(seconds=1), self.tick, self.next_due)

    async def tick(self, now: datetime) -> bool:
        """Answer what is due; True if anything was."""
        due = [answer for at, answer in self._planned() if at <= now]
        for answer in due:
            await answer()
        return bool(due)

    async def next_due(self, after: datetime) -> datetime | None:
        """When the next answer comes."""
        return min((at for at, _ in self._planned() if at > after), default=None)

    def _planned(self) -> Sequence[tuple[datetime, partial[Any]]]:
        planned = []
        for case in self._chronicle.unanswered():
            answer = partial(self._ops.post, f"/alerts/{case.id}/acknowledge")
            if case.opened_at is None:
                continue
            pages = [sent.at for sent in case.sent if sent.at >= case.opened_at]
            if pages:
                planned.append((min(pages) + ON_CALL_ANSWERS, answer))
            elif case.off_hours is False:
                planned.append((case.opened_at + TEAM_ANSWERS, answer))
        return planned
