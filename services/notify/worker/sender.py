"""The sender: takes queued deliveries out into the world, many at once, and reports what became of each."""

from __future__ import annotations

import asyncio
import collections
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from prometheus_client import Counter

from services.contracts.errors import RetryableError
from services.kit.agenda import Agenda
from services.kit.context import Kit
from services.kit.runtime import Ticker
from services.notify.channels.registry import Channels
from services.notify.domain.page import DeliveryState
from services.notify.handlers.send import Errand, claim_sends, lapse_sends, record_sends, write_message
from services.notify.settings.delivery import DeliverySettings
from services.notify.store import deliveries
from services.notify.store.deliveries import Outcome
from services.notify.store.pages import WAKE

SENDS = Counter("veilleur_notify_sends", "Sends, by what came of them.", ["channel", "state"])
_log = logging.getLogger(__name__)


class Sender:
    """A worker that sends. Any number of them may run: a delivery is claimed once.

    Sends stay in flight between calls, so that one that hangs holds neither the others' results nor new claims;
    each provider has lanes of its own. A call ends as soon as one of them is done.

    Args:
        kit: The plumbing.
        settings: Time-outs, lanes, and where channels go.
        channels: The ways out; those of the settings by default.
    """

    name = "notify-sender"

    def __init__(self, kit: Kit, settings: DeliverySettings, *, channels: Channels | None = None) -> None:
        self._kit = kit
        self._settings = settings
        self._channels = channels or Channels(kit, settings)
        self._flying: dict[asyncio.Task[Outcome], str] = {}
        # Results that the database could not take yet: what was sent must not be forgotten because it was away.
        self._landed: list[Outcome] = []
        # The count of wakes at which nothing was due, and when something will be.
        self._quiet: tuple[int, datetime | None] | None = None

    async def run_once(self, *, wait: float) -> bool:
        """Claim what is due and start sending it; record what is done. See `Worker.run_once`.

        With `wait` zero and sends in flight it waits for one of them to end, at most its time-out: so that a
        stepped process comes to rest only when nothing is under way.
        """
        seen = self._kit.database.wakes.count((WAKE,))
        worked = await self._land(set())
        if await self._ready(seen):
            worked |= await self._claim()
        if self._flying:
            worked |= await self._land(await self._landing(seen, wait))
        elif not worked and wait > 0:
            await self._kit.database.wakes.wait((WAKE,), seen=seen, timeout=wait)
        return worked

    async def close(self) -> None:
        """Claim nothing more, wait for what is in flight, and record it."""
        if self._flying:
            await asyncio.wait(self._flying)
        await self._land(set(self._flying))

    async def _landing(self, seen: int, wait: float) -> set[asyncio.Task[Outcome]]:
        """The sends that are done, as soon as there is one; none when something new was queued before."""
        if not wait:
            await asyncio.wait(self._flying, return_when=asyncio.FIRST_COMPLETED)
        else:
            wakes = self._kit.database.wakes
            woken = asyncio.create_task(wakes.wait((WAKE,), seen=seen, timeout=wait))
            await asyncio.wait({*self._flying, woken}, return_when=asyncio.FIRST_COMPLETED)
            woken.cancel()
        return {task for task in self._flying if task.done()}

    async def _ready(self, seen: int) -> bool:
        """Whether there is anything to claim: one cheap question, spared where the answer is known."""
        database, at = self._kit.database, self._kit.clock.now()
        if database.alone and self._quiet is not None and self._quiet[0] == seen:
            due = self._quiet[1]
            if due is None or at < due:
                return False
        async with database.reading() as connection:
            ready, due = await deliveries.look(connection, at=at)
        self._quiet = None if ready else (seen, due)
        return ready

    async def _claim(self) -> bool:
        busy = collections.Counter(self._flying.values())
        lapsed = await self._lapse()
        async with self._kit.database.transaction() as tx:
            errands = await claim_sends(tx, self._kit, self._settings, busy=busy, claim_id=uuid4())
        # The claim is committed: from here on a crash leaves a row that says `sending`, and a lease that ends.
        for errand in errands:
            task = asyncio.create_task(self._carry(errand), name=f"send-{errand.claimed.id}")
            self._flying[task] = errand.claimed.send.provider
        return bool(lapsed or errands)

    async def _lapse(self) -> bool:
        try:
            async with self._kit.database.transaction() as tx:
                return await lapse_sends(tx, self._kit, self._settings) > 0
        except RetryableError:
            raise
        except Exception:  # noqa: BLE001 - told in full; sends that nobody knows of must not hold those that are due
            _log.exception("What became of lapsed sends could not be written; tried again at the next claim")
            return False

    async def _land(self, done: set[asyncio.Task[Outcome]]) -> bool:
        for task in done:
            del self._flying[task]
            self._landed.append(task.result())
        if not self._landed:
            return False
        try:
            await self._record(self._landed)
            self._landed.clear()
        except RetryableError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is met again, and told, result by result
            _log.warning("Results of sends are written one by one: %r", error)
            await self._record_apart()
        return True

    async def _record(self, outcomes: Sequence[Outcome]) -> None:
        async with self._kit.database.transaction() as tx:
            await record_sends(tx, self._kit, self._settings, outcomes)
        for outcome in outcomes:
            SENDS.labels(outcome.claimed.send.kind, outcome.state.value).inc()

    async def _record_apart(self) -> None:
        """Record each by itself. One that cannot be is let go: its lease ends, and the ledger says uncertain."""
        while self._landed:
            try:
                await self._record(self._landed[:1])
            except RetryableError:
                raise
            except Exception:  # noqa: BLE001 - told in full; one result must not hold all others for ever
                _log.exception("The result of %s cannot be written", self._landed[0].claimed.id)
            del self._landed[0]

    async def _carry(self, errand: Errand) -> Outcome:
        send, claimed = errand.claimed.send, errand.claimed
        try:
            message = write_message(self._kit, errand)
        except Exception as error:  # noqa: BLE001 - a message that cannot be written must not hold the others'
            _log.exception("The message of %s could not be written", claimed.id)
            return Outcome(claimed, DeliveryState.FAILED, "unwritable", type(error).__name__)
        result = await self._channels.attempt(send.kind, send.address, message)
        return Outcome(claimed, result.state, _storable(result.code), _storable(result.detail), result.retry)


def _storable(said: str) -> str:
    """What a provider said may hold anything; PostgreSQL keeps neither NUL nor half a character."""
    return said.replace("\x00", "").encode(errors="replace").decode()


def retry_ticker(kit: Kit) -> Ticker:
    """Tells a simulated clock when the next queued send is due. It does nothing itself: the sender sends."""

    async def tick(_: datetime) -> bool:
        return False

    queued = Agenda(kit.database, WAKE, deliveries.first_due)

    async def next_due(after: datetime) -> datetime | None:
        first = await queued.first(after=after)
        if first is None or first > after:
            return first
        async with kit.database.reading() as connection:
            return await deliveries.next_due(connection, after=after)

    return Ticker("notify-retries", timedelta(minutes=1), tick, next_due)
