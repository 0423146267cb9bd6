"""Sources read when they are due: each entry is said once, an edit once more, also across crashes.

One poll is: claim the source (a lease on machine time), read the document, decide and write which entries are news,
publish them, and only then move the cursor. A process that dies anywhere in between leaves a source whose lease runs
out; the next poll decides the same and publishes the same ids again, which readers ignore.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import uuid4

from services.contracts.errors import ConflictError, RetryableError
from services.contracts.events import SourceHealthChanged
from services.contracts.values import Reference
from services.ingest.domain.backoff import after_failure
from services.ingest.domain.resource import Source
from services.ingest.handlers import metrics
from services.ingest.handlers.decide_news import decide, messages_of
from services.ingest.handlers.load_matcher import Watchlist
from services.ingest.settings import IngestSettings
from services.ingest.sources.feed import KIND, Feed, UnreadableFeedError, parse_feed
from services.ingest.sources.http import BlockedAddressError, Fetched, FetchError, Reader
from services.ingest.store import entries, polls
from services.ingest.store.entries import Known
from services.ingest.store.polls import Claim, Outcome
from services.ingest.store.resources import SCHEMA, SOURCES
from services.kit import outbox
from services.kit.agenda import Agenda
from services.kit.context import Kit
from services.kit.database import Transaction
from services.kit.resources import Versioned

_log = logging.getLogger(__name__)

# A lease outlives the slowest read by the time that database and bus may take.
_LEASE_MARGIN = timedelta(seconds=60)

ALL_BRANDS = "all"
"""What stands for the brand in the health events of a source that is read for every brand."""


@dataclass(frozen=True, slots=True)
class PollReport:
    """What came of one poll.

    Attributes:
        outcome: `read`, `unchanged`, `failed`, or `lost` (somebody edited the source meanwhile).
        entries: Entries in the document.
        news: Entries that are new or were edited.
        matched: News that concern a brand; they are on the bus.
        rejected: Entries with nothing to read in them.
        error: Why it failed.
        next_poll_at: Business time of the next poll; None while the source is disabled.
    """

    outcome: Literal["read", "unchanged", "failed", "lost"]
    entries: int = 0
    news: int = 0
    matched: int = 0
    rejected: int = 0
    error: str | None = None
    next_poll_at: datetime | None = None


class Poller:
    """Reads sources. One instance a process; several processes share the work by leases."""

    def __init__(self, kit: Kit, settings: IngestSettings, watchlist: Watchlist, reader: Reader) -> None:
        self._kit = kit
        self._settings = settings
        self._watchlist = watchlist
        self._reader = reader
        self._agenda = Agenda(kit.database, polls.TOUCHED, polls.first_due)
        self._span = timedelta(seconds=settings.poll_timeout_seconds) + _LEASE_MARGIN

    async def poll_due(self, now: datetime) -> bool:
        """Read every source due at `now`; True if there was any.

        Several are read side by side, and a slow one holds up nobody but itself.

        Raises:
            RetryableError: Database or bus are away; what was claimed is due again.
        """
        # Looked at without a transaction first: nearly every look finds nothing.
        if not await self._agenda.is_due(now):
            return False
        claims = await self._claim(now, self._settings.poll_at_once)
        lanes = [asyncio.create_task(self._lane(claim, now)) for claim in claims]
        try:
            for failure in await asyncio.gather(*lanes, return_exceptions=True):
                if isinstance(failure, BaseException):
                    raise failure
        finally:
            for lane in lanes:
                lane.cancel()
        return bool(claims)

    async def poll_now(self, source: str) -> PollReport:
        """Read `source` now, due or not, enabled or not.

        Raises:
            NotFoundError: There is no such source.
            ConflictError: It is being read at this moment.
            RetryableError: Database or bus are away.
        """
        async with self._kit.database.transaction() as tx:
            await SOURCES.get(tx, source)
            claim = await polls.claim_one(tx, source, lease=uuid4(), span=self._span)
        if claim is None:
            raise ConflictError(f"Source '{source}' is being read at this moment.")
        return await self._poll(claim)

    async def next_due(self, after: datetime) -> datetime | None:
        """The next business instant after the given one at which a source is due."""
        first = await self._agenda.first(after=after)
        if first is None or first > after:
            return first
        # Something is due, but somebody else is polling it.
        async with self._kit.database.reading() as connection:
            return await polls.next_due(connection, after)

    async def _claim(self, now: datetime, limit: int) -> list[Claim]:
        async with self._kit.database.transaction() as tx:
            return await polls.claim_due(tx, now, lease=uuid4(), span=self._span, limit=limit)

    async def _lane(self, claim: Claim, now: datetime) -> None:
        claims = [claim]
        while claims:
            await self._poll(claims[0])
            claims = await self._claim(now, 1)

    async def _poll(self, claim: Claim) -> PollReport:
        try:
            return await self._read(claim)
        except RetryableError:
            with suppress(RetryableError):  # the database may be what is away; then the lease simply runs out
                async with self._kit.database.transaction() as tx:
                    await polls.release(tx, claim)
            raise

    async def _read(self, claim: Claim) -> PollReport:
        async with self._kit.database.transaction() as tx:
            source = await SOURCES.find(tx, claim.source)
        if source is None:
            return PollReport("lost")
        now = self._kit.clock.now()
        try:
            fetched = await self._reader.fetch(
                source.doc.url, etag=claim.etag, last_modified=claim.last_modified, now=now
            )
            feed = await _parsed(fetched, source.id, now)
        except (FetchError, UnreadableFeedError) as error:
            return await self._fail(claim, source, error)
        news = await self._publish(claim, source, feed, now)
        if news is None:
            return PollReport("lost")
        return await self._succeed(claim, source, fetched, feed, news)

    async def _publish(
        self, claim: Claim, source: Versioned[Source], feed: Feed, now: datetime
    ) -> _News | None:
        """Decide what is news, write it down, publish it. None if the lease was lost meanwhile."""
        if not feed.entries:
            return _News((), (), 0)
        async with self._kit.database.transaction() as tx:
            if not await polls.hold(tx, claim):
                return None
            known = await entries.find(tx, source.id, [entry.draft.external_id for entry in feed.entries])
            decided = decide(feed.entries, known)
            unwritten = [row for _, row in decided if known.get(row.external_id) != row]
            await entries.intend(tx, source.id, unwritten, seen_on=now.date())
            matcher = await self._watchlist.load_matcher(tx)
        messages, matched = messages_of(decided, matcher, source.doc.brand, now)
        if messages:
            await self._kit.bus.publish(messages)
        metrics.count(KIND, matched=matched, unmatched=len(decided) - matched, rejected=0)
        ids = [entry.draft.external_id for entry in feed.entries]
        return _News(ids, [row for _, row in decided], matched)

    async def _succeed(
        self, claim: Claim, source: Versioned[Source], fetched: Fetched, feed: Feed, news: _News
    ) -> PollReport:
        now = self._kit.clock.now()
        read = not fetched.unchanged
        outcome = Outcome(
            due_at=now + timedelta(seconds=source.doc.every_seconds) if source.doc.enabled else None,
            state="healthy",
            failures=0,
            polled_at=now,
            succeeded_at=now,
            status=fetched.status,
            error=None,
            etag=fetched.etag if read else fetched.etag or claim.etag,
            last_modified=fetched.last_modified if read else fetched.last_modified or claim.last_modified,
            entries=len(feed.entries) if read else None,
            rejected=feed.rejected if read else None,
        )
        async with self._kit.database.transaction() as tx:
            held = await self._finish(tx, claim, source, outcome)
            if held:
                await entries.confirm(tx, source.id, news.rows)
                if news.ids:
                    await entries.see(tx, source.id, news.ids, seen_on=now.date())
        metrics.POLLS.labels("read" if read else "unchanged").inc()
        metrics.count(KIND, matched=0, unmatched=0, rejected=feed.rejected)
        return PollReport(
            ("read" if read else "unchanged") if held else "lost",
            entries=len(feed.entries),
            news=len(news.rows),
            matched=news.matched,
            rejected=feed.rejected,
            next_poll_at=outcome.due_at,
        )

    async def _fail(
        self, claim: Claim, source: Versioned[Source], error: FetchError | UnreadableFeedError
    ) -> PollReport:
        now, failures = self._kit.clock.now(), claim.failures + 1
        # A blocked address does not mend itself; anything else may be a hiccup of the network.
        failing = failures >= self._settings.failing_after or isinstance(error, BlockedAddressError)
        waiting = error.retry_after if isinstance(error, FetchError) else None
        wait = after_failure(source.id, failures, source.doc.every_seconds, retry_after=waiting)
        outcome = Outcome(
            due_at=now + wait if source.doc.enabled else None,
            state="failing" if failing else claim.state,
            failures=failures,
            polled_at=now,
            succeeded_at=None,
            status=error.status if isinstance(error, FetchError) else None,
            error=_storable(str(error)),
            etag=claim.etag,
            last_modified=claim.last_modified,
            entries=None,
            rejected=None,
        )
        _log.warning("Source '%s' could not be read (%d in a row): %s", source.id, failures, error)
        async with self._kit.database.transaction() as tx:
            held = await self._finish(tx, claim, source, outcome)
        metrics.POLLS.labels("failed").inc()
        return PollReport("failed" if held else "lost", error=outcome.error, next_poll_at=outcome.due_at)

    async def _finish(
        self, tx: Transaction, claim: Claim, source: Versioned[Source], outcome: Outcome
    ) -> bool:
        """Write the outcome, and say so if the source started to fail or recovered; False if the lease was lost."""
        if not await polls.finish(tx, claim, outcome):
            return False
        if outcome.state != claim.state:
            event = SourceHealthChanged(
                brand=source.doc.brand or ALL_BRANDS,
                source=Reference(id=source.id, version=source.version, name=source.doc.name),
                state=outcome.state,
                error=outcome.error,
                at=outcome.polled_at,
            )
            await outbox.write(tx, SCHEMA, [event], occurred_at=outcome.polled_at)
        return True


@dataclass(frozen=True, slots=True)
class _News:
    """The ids in a document, what was decided for those that are news, and how many of these concern a brand."""

    ids: Sequence[str]
    rows: Sequence[Known]
    matched: int


async def _parsed(fetched: Fetched, source: str, now: datetime) -> Feed:
    if fetched.unchanged:
        return Feed((), 0)
    # Parsing megabytes of XML takes seconds: not on the event loop.
    return await asyncio.to_thread(
        parse_feed,
        fetched.body,
        source=source,
        url=fetched.url,
        content_type=fetched.content_type,
        received_at=now,
    )


def _storable(message: str) -> str:
    """What a server said may hold anything; a text column takes no NUL."""
    return message.replace("\x00", "")[:1_000].encode(errors="replace").decode()
