"""When teams are on duty, as ops wrote it; changes are told to the rules service and to the handover's clock."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from pydantic import ValidationError
from sqlalchemy import text

from services.contracts.coverage import CoverageSpec
from services.contracts.errors import Fault, InvalidError, RetryableError
from services.contracts.events import CoverageDefined, CoverageRemoved
from services.coverage.calendar import Calendar
from services.coverage.check import check_spec
from services.kit import outbox
from services.kit.database import Transaction
from services.kit.faults import faults_of
from services.kit.resources import Change, Collection
from services.notify.domain.responder import Language
from services.notify.store.runs import wake_held_runs
from services.notify.store.turns import DutyTurn, find_turn, remove_turn, save_turn

# Shared by whoever decides by a brand's hours, and taken alone by whoever changes them before waking what they hold: so
# a run that is being held by the old hours is seen by the change, or its decision sees the new ones.
_SHARE = text(
    "SELECT pg_try_advisory_xact_lock_shared(hashtextextended('notify.coverage:' || CAST(:brand AS text), 0))"
)
_TAKE = text("SELECT pg_advisory_xact_lock(hashtextextended('notify.coverage:' || CAST(:brand AS text), 0))")


@lru_cache(maxsize=1024)
def calendar_of(spec: CoverageSpec, language: Language) -> Calendar:
    """The calendar of a specification; kept, because its day tables are what makes it fast."""
    return Calendar(spec, language)


async def find_calendar(tx: Transaction, brand: str, language: Language) -> Calendar | InvalidError | None:
    """The calendar of a brand; None when no coverage is defined for it.

    What was accepted once may not be readable or computable any more, after an upgrade of the product or of the zone
    or holiday data: then the error says why. It is returned, not raised, because an alert must go on without a calendar.
    """
    try:
        found = await COVERAGES.find(tx, brand)
        return None if found is None else calendar_of(found.doc, language)
    except InvalidError as error:
        return error
    except ValidationError as error:
        return InvalidError(*faults_of(error))


async def decide_by_hours(tx: Transaction, brand: str) -> None:
    """Have whoever changes the hours of `brand` wait until this transaction ends.

    It does not wait itself: deciders hold runs that the change may want.

    Raises:
        RetryableError: They are being changed at this moment.
    """
    if not (await tx.execute(_SHARE, {"brand": brand})).scalar_one():
        raise RetryableError(f"The hours of '{brand}' are being changed at this moment.")


def turn_from(calendar: Calendar, brand: str, at: datetime) -> DutyTurn:
    """The next time after `at` that the team comes on duty, and when it will have left before."""
    next_start = calendar.next_start(at)
    away = None if next_start is None else calendar.previous_end(next_start)
    return DutyTurn(brand, away or at, next_start)


async def _check(tx: Transaction, identifier: str, spec: CoverageSpec) -> None:
    del tx
    if identifier != spec.brand:
        raise InvalidError(
            Fault("brand", f"The coverage '{identifier}' is that of another brand.", f"Write {identifier}.")
        )
    check_spec(spec)


async def _changed(tx: Transaction, change: Change[CoverageSpec]) -> None:
    await tx.execute(_TAKE, {"brand": change.id})
    await wake_held_runs(tx, brand=change.id, at=change.at)
    if change.after is None:
        removed = CoverageRemoved(brand=change.id, revision=change.revision)
        await outbox.write(tx, "notify", [removed], occurred_at=change.at)
        await remove_turn(tx, change.id)
        return
    spec = change.after.doc
    defined = CoverageDefined(brand=change.id, revision=change.revision, spec=spec)
    await outbox.write(tx, "notify", [defined], occurred_at=change.at)
    calendar = calendar_of(spec, "fr")
    before, turn = await find_turn(tx, change.id), turn_from(calendar, change.id, change.at)
    if before is not None and _was_away(before, change.at):
        # The team was away under the old hours. What happened since then is still to be handed over, at once if the
        # new hours say that it is there now.
        came = change.at if calendar.at(change.at).on_duty else turn.next_start
        turn = DutyTurn(change.id, before.since, came)
    await save_turn(tx, turn)


def _was_away(turn: DutyTurn, at: datetime) -> bool:
    return turn.since <= at and (turn.next_start is None or at < turn.next_start)


COVERAGES: Collection[CoverageSpec] = Collection(
    schema="notify", kind="coverage", model=CoverageSpec, check=_check, changed=_changed
)
"""Coverages; the id of each is its brand."""
