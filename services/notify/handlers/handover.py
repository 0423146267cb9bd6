"""Hand the night over: at the first covered minute the team finds what happened while nobody was at the desk."""

from __future__ import annotations

from datetime import datetime

from services.contracts.ids import derived
from services.kit.database import Transaction
from services.notify.domain.handover import Handover
from services.notify.domain.page import Send, sends_to
from services.notify.domain.responder import Language, Team
from services.notify.store import handovers
from services.notify.store.pages import queue_sends
from services.notify.store.responders import teams_of


async def hand_over(
    tx: Transaction, *, brand: str, since: datetime, at: datetime, language: Language = "fr"
) -> None:
    """Write what happened from `since` to `at` off duty, and queue it to the contacts of the brand's teams.

    A team without contacts, or a brand without a team, finds it over the API only. Once per team and instant. `language` is that of a handover to no team in particular.
    """
    content = await handovers.gather(tx, brand=brand, since=since, at=at)
    sends: list[Send] = []
    teams: list[tuple[str, Team | None]] = [*await teams_of(tx, brand)] or [("", None)]
    for team_id, team in teams:
        identifier = derived("handover", brand, at.isoformat(), team_id)
        handover = Handover(
            id=identifier,
            brand=brand,
            team=team.name if team else "",
            language=team.language if team else language,
            zone=team.zone if team else "UTC",
            since=since,
            at=at,
            content=content,
        )
        if await handovers.insert(tx, handover) and team:
            sends += sends_to(team.contacts, at=at, handover_id=identifier)
    await queue_sends(tx, sends, at=at)
