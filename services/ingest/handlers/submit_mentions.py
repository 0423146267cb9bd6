"""Mentions pushed to us: read, matched, and on the bus before anybody hears that they are accepted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from services.contracts.codec import Message, encode
from services.contracts.errors import Fault, InvalidError
from services.ingest.domain.matcher import Matcher
from services.ingest.domain.plain import shortened
from services.ingest.domain.submission import Draft, SubmittedMention
from services.ingest.handlers import metrics
from services.ingest.handlers.load_matcher import Watchlist
from services.kit.context import Kit
from services.kit.faults import faults_of

KIND = "api"

MAX_ITEMS = 10_000
"""Mentions in one request: about a second of work, and answers stay readable."""

# Mentions handled between two looks at the event loop: some 20 ms, so that nobody else waits for a big batch.
_SLICE = 250

# Faults told of one mention: enough to mend it, and no echo of a hostile object with a million fields.
_TOLD = 10

_NOTHING_TO_READ = Fault("text", "Neither text nor title holds anything to read.", "Write what was said.")


@dataclass(frozen=True, slots=True)
class Rejection:
    """A mention that could not be read: its place in the batch (from 0), and why."""

    index: int
    faults: Sequence[Fault]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch. `matched` and `unmatched` add up to what was accepted.

    Attributes:
        matched: Mentions that concern at least one brand; they are on the bus.
        unmatched: Mentions that match no watch; nothing is kept of them.
        truncated: Accepted mentions whose text was cut.
        rejected: Mentions that could not be read.
    """

    matched: int
    unmatched: int
    truncated: int
    rejected: Sequence[Rejection]


async def submit_mentions(kit: Kit, watchlist: Watchlist, items: Sequence[object]) -> Receipt:
    """Match and publish a batch; return when the bus has acknowledged all of it.

    Args:
        kit: The plumbing.
        watchlist: The watches.
        items: Decoded JSON values; a `Fault` stands for one that could not be decoded.

    Raises:
        InvalidError: The batch is empty or too long, or not one of its mentions could be read.
        RetryableError: Database or bus are away. Sending the same batch again is safe.
    """
    _check_size(items)
    with metrics.MATCHING_SECONDS.labels(KIND).time():
        async with kit.database.transaction() as tx:
            matcher = await watchlist.load_matcher(tx)
        batch = _Batch(kit, matcher)
        for start in range(0, len(items), _SLICE):
            batch.take(items[start : start + _SLICE], start)
            await asyncio.sleep(0)
        batch.refuse_if_nothing_is_readable(len(items))
        if batch.messages:
            await kit.bus.publish(batch.messages)
    receipt = batch.receipt()
    metrics.count(KIND, matched=receipt.matched, unmatched=receipt.unmatched, rejected=len(receipt.rejected))
    return receipt


class _Batch:
    """One request's mentions on their way: messages to publish, and figures for the receipt."""

    def __init__(self, kit: Kit, matcher: Matcher) -> None:
        self._matcher = matcher
        self._now = kit.clock.now()
        self._matched = self._unmatched = self._truncated = 0
        self._rejected: list[Rejection] = []
        self.messages: list[Message] = []

    def take(self, items: Iterable[object], start: int) -> None:
        """Read and match `items`, the first of which stands at index `start`."""
        for index, item in enumerate(items, start):
            draft = self._read(item)
            if isinstance(draft, Draft):
                self._match(draft)
            else:
                self._rejected.append(Rejection(index, draft))

    def refuse_if_nothing_is_readable(self, items: int) -> None:
        """Raise InvalidError with every fault if all `items` were rejected."""
        if len(self._rejected) == items:
            metrics.count(KIND, matched=0, unmatched=0, rejected=items)
            raise InvalidError(
                *(
                    replace(fault, field=f"[{rejection.index}].{fault.field}".rstrip("."))
                    for rejection in self._rejected[:100]
                    for fault in rejection.faults
                )
            )

    def receipt(self) -> Receipt:
        return Receipt(self._matched, self._unmatched, self._truncated, self._rejected)

    def _read(self, item: object) -> Draft | Sequence[Fault]:
        if isinstance(item, Fault):
            return [item]
        try:
            submitted = SubmittedMention.model_validate(item)
        except ValidationError as error:
            return [_printable(fault) for fault in faults_of(error.errors(include_url=False)[:_TOLD])]
        return Draft.of(submitted, received_at=self._now, source_kind=KIND) or [_NOTHING_TO_READ]

    def _match(self, draft: Draft) -> None:
        brands = self._matcher.match(draft.document)
        self._truncated += draft.truncated
        self._matched += bool(brands)
        self._unmatched += not brands
        self.messages += [encode(draft.found(brand, watches), self._now) for brand, watches in brands.items()]


def _check_size(items: Sequence[object]) -> None:
    if not items:
        raise InvalidError(
            Fault("", "The body holds no mention.", "Send one object, a list, or one object a line.")
        )
    if len(items) > MAX_ITEMS:
        raise InvalidError(
            Fault(
                "",
                f"The body holds {len(items)} mentions; the limit is {MAX_ITEMS}.",
                "Send it in several requests.",
            )
        )


def _printable(fault: Fault) -> Fault:
    """The names of unknown fields come from the sender: bounded, and without what UTF-8 cannot say."""
    field = fault.field.encode(errors="replace").decode()
    return replace(fault, field=shortened(field, 200))
