"""What happens to a batch inside its transaction: the group's rows move, the events are handled, poison is buried."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.contracts.codec import decode
from services.contracts.errors import RetryableError, UndecodableError
from services.contracts.events import Event
from services.kit import deadletters
from services.kit.bus import Partition, Record
from services.kit.clock import Clock
from services.kit.database import Database, DatabaseAwayError, Transaction, translated
from services.kit.deadletters import DeadLetter
from services.kit.logs import log_context
from services.kit.offsets import Positions

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """An event as it arrived.

    Attributes:
        record: Where it stood.
        id: The event's own id: the same however often it is published.
        event: What happened.
        occurred_at: Business time at which it did.
    """

    record: Record
    id: UUID
    event: Event
    occurred_at: datetime


Batch = Mapping[Partition, Sequence[Record]]
Handle = Callable[[Transaction, Sequence[Received]], Awaitable[None]]
OnDeadLetter = Callable[[Transaction, DeadLetter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Handling:
    """How one group handles what it reads.

    Attributes:
        database: Where everything is written.
        positions: The group's rows.
        clock: Business time, for the moment of a failure.
        schema: Whose outbox tells of dead letters.
        handle: Does the work of some events.
        on_dead_letter: Called in the transaction that buries a message.
    """

    database: Database
    positions: Positions
    clock: Clock
    schema: str
    handle: Handle
    on_dead_letter: OnDeadLetter | None

    async def attempt(self, batch: Batch, starts: Mapping[Partition, int]) -> list[DeadLetter]:
        """Handle `batch`, which begins where the group stands (`starts`), or do nothing at all.

        Returns:
            What had to be buried of it.

        Raises:
            FencedError: The group stands elsewhere by now.
            RetryableError: It cannot be handled now.
        """
        moves = {p: (starts[p], records[-1].offset + 1) for p, records in batch.items()}
        try:
            return await self._together(batch, moves)
        except RetryableError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is met again, and told, record by record
            _log.warning("%s handles a batch record by record: %r", self.positions.group, error)
            return await self._apart(batch, moves)

    async def again(self) -> bool:
        """Handle one dead letter for which somebody asked, in a transaction of its own. False if there is none.

        A letter that fails once more is dead again, also for a passing reason: nothing is in order behind it, and
        whoever asked can ask again.

        Raises:
            DatabaseAwayError: Try again.
        """
        async with self.database.transaction() as tx:
            letter = await deadletters.claim(tx, self.positions.group)
            if letter is None:
                return False
            error: str | None = None
            try:
                with translated():
                    async with tx.begin_nested():
                        await self.handle(tx, [_received(letter.record)])
            except DatabaseAwayError:
                raise
            except Exception as failure:  # noqa: BLE001 - told in full, and kept in the letter
                _log.exception("%s still cannot handle dead letter %s", self.positions.group, letter.id)
                error = deadletters.describe(failure)
            await deadletters.settle(tx, letter, error=error, at=self.clock.now())
        return True

    async def _together(self, batch: Batch, moves: Mapping[Partition, tuple[int, int]]) -> list[DeadLetter]:
        async with self.database.transaction() as tx:
            # First of all: it locks the rows, so that of two members that both believe to own a partition, one
            # waits for the other and then finds itself fenced, before it has done any work.
            await self.positions.move(tx, moves)
            opened = [self._open(record) for record in _in_order(batch)]
            if received := [one for one in opened if isinstance(one, Received)]:
                await self.handle(tx, received)
            letters = [one for one in opened if isinstance(one, DeadLetter)]
            await self._bury(tx, letters)
        return letters

    async def _apart(self, batch: Batch, moves: Mapping[Partition, tuple[int, int]]) -> list[DeadLetter]:
        async with self.database.transaction() as tx:
            await self.positions.move(tx, moves)
            letters = []
            for record in _in_order(batch):
                opened = self._open(record)
                letter = await self._one(tx, opened) if isinstance(opened, Received) else opened
                if letter is not None:
                    letters.append(letter)
            await self._bury(tx, letters)
        return letters

    async def _one(self, tx: Transaction, received: Received) -> DeadLetter | None:
        with log_context(event_id=received.id, brand=received.event.brand):
            try:
                with translated():
                    async with tx.begin_nested():
                        await self.handle(tx, [received])
            except RetryableError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it raised, it is told and kept in the letter
                _log.exception("%s cannot handle %s", self.positions.group, received.event.type)
                return self._letter(received.record, received.event, error)
            return None

    async def _bury(self, tx: Transaction, letters: Sequence[DeadLetter]) -> None:
        await deadletters.bury(tx, self.schema, letters)
        if self.on_dead_letter is None:
            return
        for letter in letters:
            try:
                with translated():
                    async with tx.begin_nested():
                        await self.on_dead_letter(tx, letter)
            except RetryableError:
                raise
            except Exception:  # noqa: BLE001 - told in full
                # The letter itself is kept and announced; a failure to make more of it must not block the partition.
                _log.exception("%s could not act on dead letter %s", self.positions.group, letter.id)

    def _open(self, record: Record) -> Received | DeadLetter:
        try:
            return _received(record)
        except UndecodableError as error:
            where = f"{record.partition.topic}/{record.partition.number}@{record.offset}"
            _log.error("%s cannot read %s: %s", self.positions.group, where, error)
            return self._letter(record, None, error)

    def _letter(self, record: Record, event: Event | None, error: Exception) -> DeadLetter:
        log, group = self.positions.log, self.positions.group
        return deadletters.dead_letter(log, group, record, event, error=error, at=self.clock.now())


def _in_order(batch: Batch) -> Iterator[Record]:
    for partition in sorted(batch):
        yield from batch[partition]


def _received(record: Record) -> Received:
    envelope = decode(record.value)
    return Received(record, envelope.id, envelope.event, envelope.occurred_at)
