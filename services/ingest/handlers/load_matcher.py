"""The matcher of all watches, compiled once and again when a watch changed."""

from __future__ import annotations

import logging

from services.contracts.errors import InvalidError
from services.contracts.values import Reference
from services.ingest.domain.matcher import CompiledWatch, Matcher
from services.ingest.domain.resource import Watch
from services.ingest.store.resources import WATCHES
from services.kit.database import Transaction
from services.kit.resources import Versioned

_log = logging.getLogger(__name__)


class Watchlist:
    """Keeps the matcher of one process up to date, at the price of one small SELECT a batch."""

    def __init__(self) -> None:
        self._stamp = -1
        self._matcher = Matcher(())

    async def load_matcher(self, tx: Transaction) -> Matcher:
        """The matcher of the watches as `tx` sees them."""
        # The stamp first: should a watch change in between, the next batch loads again.
        stamp = await WATCHES.stamp(tx)
        if stamp != self._stamp:
            compiled = (_compiled(watch) for watch in await WATCHES.readable(tx))
            self._matcher = Matcher(watch for watch in compiled if watch is not None)
            self._stamp = stamp
        return self._matcher


def _compiled(watch: Versioned[Watch]) -> CompiledWatch | None:
    reference = Reference(id=watch.id, version=watch.version, name=watch.doc.name)
    try:
        return CompiledWatch.of(watch.doc.brand, reference, watch.doc.query)
    except InvalidError:
        # Written under an older grammar, or restored from elsewhere: the other watches must not go blind with it.
        _log.exception("Watch '%s' is left out: its query is no longer understood.", watch.id)
        return None
