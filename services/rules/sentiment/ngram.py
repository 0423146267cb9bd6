"""Byte n-grams against a model of languages, many texts at a time.

The model is that of py3langid: an automaton that walks over the bytes of a text and tells which n-grams end where,
and the logarithm of how likely each language is to use each. The library looks at one text at a time; here the
automaton takes its steps for all texts of a batch at once, which is several times cheaper for each. What a text
scores never depends on the others: their n-grams are counted apart, and added up in one order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from py3langid.langid import MODEL_FILE, LanguageIdentifier

_TOGETHER = 12
"""Texts from which walking together is cheaper than one after another."""

_AT_ONCE = 512
"""Texts walked together at most: what is noted at each byte of each takes memory."""

Counts = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Text index x features + feature, sorted, and how often that feature is in that text."""


class Model:
    """Tells languages apart.

    Args:
        languages: ISO 639-1; probabilities are among these.
    """

    def __init__(self, languages: Sequence[str]) -> None:
        library: Any = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        library.set_languages(list(languages))
        self._languages: list[str] = list(library.nb_classes)
        self._table: NDArray[np.float32] = library.nb_ptc.astype(np.float32)
        self._priors = library.nb_pc.astype(np.float64)
        self._features = len(self._table)
        # The automaton: state -> row of 256 next states; state -> the feature that ends there, or -1. The lists are
        # for walking alone, where reading one element of an array would cost more than the step itself.
        self._moves, self._ends = library.tk_nextmove, library.tk_output
        self._rows = [row << 8 for row in library.tk_row]
        self._moves_array = np.frombuffer(self._moves, dtype=np.dtype(self._moves.typecode))
        self._ends_array = np.array(self._ends, dtype=np.int32)
        self._rows_array = np.array(self._rows, dtype=np.int64)

    def guess(self, texts: Sequence[bytes]) -> list[tuple[str, float]]:
        """For each text the likeliest language and its probability; equal ones for a text without a known n-gram."""
        guesses: list[tuple[str, float]] = []
        for start in range(0, len(texts), _AT_ONCE):
            some = texts[start : start + _AT_ONCE]
            guesses += self._judged(
                some, self._together(some) if len(some) >= _TOGETHER else self._alone(some)
            )
        return guesses

    def _judged(self, texts: Sequence[bytes], counts: Counts) -> list[tuple[str, float]]:
        keys, counted = counts
        owners, features = np.divmod(keys, self._features)
        weights = np.log1p(counted.astype(np.float32)).astype(np.float64)
        scores = np.zeros((len(texts), len(self._languages)))
        if len(keys):
            begins = np.flatnonzero(np.diff(owners, prepend=-1))
            sums = np.add.reduceat(self._table[features] * weights[:, None], begins, axis=0)
            scores[owners[begins]] = sums + self._priors
        # Divided by the root of the length, as the model was calibrated; then made probabilities.
        scores /= np.sqrt([max(len(text), 1) for text in texts])[:, None]
        likely = np.exp(scores - scores.max(axis=1, keepdims=True))
        likely /= likely.sum(axis=1, keepdims=True)
        best = likely.argmax(axis=1)
        sure = likely[np.arange(len(texts)), best].tolist()
        return [
            (self._languages[index], probability)
            for index, probability in zip(best.tolist(), sure, strict=True)
        ]

    def _alone(self, texts: Sequence[bytes]) -> Counts:
        moves, rows, ends = self._moves, self._rows, self._ends
        keys: list[int] = []
        counted: list[int] = []
        for owner, data in enumerate(texts):
            state, met = 0, []
            for byte in data:
                state = moves[rows[state] + byte]
                met.append(ends[state])
            for feature, count in sorted(Counter(met).items()):
                if feature >= 0:
                    keys.append(owner * self._features + feature)
                    counted.append(count)
        return np.array(keys, dtype=np.int64), np.array(counted, dtype=np.int64)

    def _together(self, texts: Sequence[bytes]) -> Counts:
        # Longest first: those that still have a byte at some step are then the first ones, always a plain slice.
        order = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
        lengths = np.array([len(texts[index]) for index in order])
        longest = int(lengths[0])
        padded = b"".join(texts[index].ljust(longest, b"\0") for index in order)
        steps = np.ascontiguousarray(np.frombuffer(padded, dtype=np.uint8).reshape(len(order), longest).T)
        walking = len(order) - np.searchsorted(lengths[::-1], np.arange(longest), side="right")
        states = np.zeros(len(order), dtype=np.int64)
        met = np.full((longest, len(order)), -1, dtype=np.int32)
        for step, count in enumerate(walking.tolist()):
            places = self._rows_array[states[:count]] + steps[step, :count]
            states[:count] = self._moves_array[places]
            met[step, :count] = self._ends_array[states[:count]]
        met_at, places_in_order = np.nonzero(met >= 0)
        owners = np.array(order, dtype=np.int64)[places_in_order]
        keys, counted = np.unique(owners * self._features + met[met_at, places_in_order], return_counts=True)
        return keys, counted
