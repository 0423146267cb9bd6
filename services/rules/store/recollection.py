"""What is remembered of brands between batches, so that a batch of one does not read half an hour of mentions again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.kit.database import Transaction
from services.rules.domain.arrival import BrandState
from services.rules.domain.episode import LATENESS
from services.rules.domain.history import SLOT, History, slot_of
from services.rules.domain.window import Tail
from services.rules.store import episodes, mentions
from services.rules.store.brands import Turn

_BRANDS = 1000
"""Brands remembered at most; those longest without a mention are forgotten first."""


@dataclass(frozen=True, slots=True)
class _Kept:
    state: BrandState
    version: str
    since: datetime  # event time after which the tail has every mention

    def reaches(self, since: datetime | None) -> bool:
        return since is not None and self.since <= since


class Recollection:
    """The states of brands as the last batch left them, each as long as nobody else had the brand's turn.

    A state that is recalled is not remembered any more until it is kept again: if the batch fails, what it changed
    is gone with it. A version that was never committed is never met again.
    """

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    async def recall(
        self, tx: Transaction, turns: Mapping[str, Turn], lengths: Mapping[str, timedelta]
    ) -> dict[str, BrandState]:
        """The state of each brand, whose turn is held.

        Args:
            tx: Where the turns are held.
            turns: By brand.
            lengths: By brand, the longest window that its rules look at.
        """
        states: dict[str, BrandState] = {}
        unknown: dict[str, datetime | None] = {}
        for brand, turn in turns.items():
            since = _since(turn.standing.watermark, lengths[brand])
            kept = self._kept.pop(brand, None)
            if kept is not None and kept.version == turn.version and kept.reaches(since):
                states[brand] = kept.state
            else:
                unknown[brand] = since
        if unknown:
            states |= await _read(tx, {brand: turns[brand] for brand in unknown}, unknown)
        return states

    def holds(self, turns: Mapping[str, Turn]) -> bool:
        """Whether nobody else wrote any of these brands since what is remembered of each."""
        return all((kept := self._kept.get(b)) and kept.version == turn.version for b, turn in turns.items())

    def keep(self, state: BrandState, history: History, *, version: str, length: timedelta) -> None:
        """Remember `state` as it is once the transaction that wrote `version` has committed."""
        since = _since(state.watermark, length)
        if since is None or state.watermark is None:
            return
        state.tail.forget(since)
        state.counts = history.kept(slot_of(state.watermark) - SLOT)
        self._kept[state.brand] = _Kept(state, version, since)
        while len(self._kept) > _BRANDS:
            del self._kept[next(iter(self._kept))]


def _since(watermark: datetime | None, length: timedelta) -> datetime | None:
    return None if watermark is None else watermark - LATENESS - length


async def _read(
    tx: Transaction, turns: Mapping[str, Turn], since: Mapping[str, datetime | None]
) -> dict[str, BrandState]:
    marks = {brand: mark for brand, mark in since.items() if mark is not None}
    entries = await mentions.recent_entries(tx, marks) if marks else {}
    states = {
        brand: BrandState(brand, turn.standing.watermark, Tail(entries.get(brand, ())))
        for brand, turn in turns.items()
    }
    if marks:  # a brand without mentions has no situations
        for episode in await episodes.open_episodes(tx, list(marks)):
            states[episode.brand].episodes[episode.rule.id, episode.dedup_key] = episode
    return states
