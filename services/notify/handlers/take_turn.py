"""The team comes on duty: it gets the handover, if anything happened while it was away."""

from __future__ import annotations

from datetime import datetime

from services.contracts.errors import InvalidError
from services.kit.database import Transaction
from services.notify.handlers.handover import hand_over
from services.notify.settings.escalation import House
from services.notify.store.coverages import find_calendar, turn_from
from services.notify.store.turns import DutyTurn, anything_happened, remove_turn, save_turn


async def take_turn(tx: Transaction, turn: DutyTurn, *, at: datetime, house: House) -> bool:
    """Hand over what happened since the team left, and plan its next turn; True if there was anything.

    Turns missed while the service was stopped become one handover. The caller holds the turn's lock, so that each
    is taken once.

    Raises:
        InvalidError: The brand's calendar cannot be computed (any more): the turn stays, to be taken once it can.
    """
    calendar = await find_calendar(tx, turn.brand, house.language)
    if isinstance(calendar, InvalidError):
        raise calendar
    if calendar is None:
        await remove_turn(tx, turn.brand)
        return False
    await save_turn(tx, turn_from(calendar, turn.brand, at))
    if not await anything_happened(tx, brand=turn.brand, since=turn.since, until=at):
        return False
    await hand_over(tx, brand=turn.brand, since=turn.since, at=at, language=house.language)
    return True
