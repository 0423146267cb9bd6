"""Schedules, as ops wrote them."""

from __future__ import annotations

from collections.abc import Iterator

from services.contracts.errors import Fault, InvalidError
from services.coverage.zone import zone_names
from services.kit.database import Transaction
from services.kit.resources import Change, Collection
from services.notify.domain.schedule import Schedule
from services.notify.store.references import known_ids, missing, refuse_while_targeted


async def _check(tx: Transaction, identifier: str, schedule: Schedule) -> None:
    del identifier
    faults = [*_own_faults(schedule)]
    faults += missing("responder", schedule.named_responders(), await known_ids(tx, "responder"))
    if faults:
        raise InvalidError(*faults)


def _own_faults(schedule: Schedule) -> Iterator[Fault]:
    if schedule.zone not in zone_names():
        yield Fault(
            "zone", f"'{schedule.zone}' is not a known time zone.", "Write an IANA name such as Europe/Paris."
        )
    if schedule.rotation.handoff.tzinfo is not None:
        yield Fault(
            "rotation.handoff",
            "The hand-off is on the wall clock of the schedule's zone, and has no offset of its own.",
            "Write the time alone, such as 18:00.",
        )
    for index, override in enumerate(schedule.overrides):
        if override.end <= override.start:
            yield Fault(
                f"overrides[{index}].end",
                "The override ends before it starts.",
                "Write an end after the start.",
            )


async def _changed(tx: Transaction, change: Change[Schedule]) -> None:
    if change.after is None:
        await refuse_while_targeted(tx, kind="schedule", identifier=change.id)


SCHEDULES: Collection[Schedule] = Collection(
    schema="notify", kind="schedule", model=Schedule, check=_check, changed=_changed
)
"""Schedules: who is on call, when."""
