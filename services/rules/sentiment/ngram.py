"""Byte n-grams against a model of languages, many texts at a time.

The model is that of py3langid: an automaton that walks over the bytes of a text and tells which n-grams end where,
and the logarithm of how likely each language is to use each. The library looks at one text at a time; here the
automaton takes its steps for all texts of a batch at once, which is several times cheaper for each. What a text
scores never depends on the others: their n-grams are counted apart, and added up in one order.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from py3langid.langid import MODEL_FILE, LanguageIdentifier

_TOGETHER = 8
"""Texts from which walking together is cheaper than one after another."""

_AT_ONCE = 512
"""Texts walked together at most: what is noted at each byte of each takes memory."""


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
        # What a feature weighs that is met so often; a text is far too short to meet one more often than that.
        self._weights = np.log1p(np.arange(4096, dtype=np.float32)).astype(np.float64)
        # The automaton: state -> row of 256 next states; state -> the feature that ends there, or -1. The lists are
        # for walking alone, where reading one element of an array would cost more than the step itself.
        self._moves, self._ends = library.tk_nextmove, library.tk_output
        self._rows = [row << 8 for row in library.tk_row]
        self._moves_array = np.frombuffer(self._moves, dtype=np.dtype(self._moves.typecode))
        self._ends_array = np.array(self._ends, dtype=np.int32)
        self._rows_array = np.array(self._rows, dtype=np.int64)

    def guess(self, texts: Sequence[bytes]) -> list[tuple[str, float]]:
        """For each text the likeliest language and its probability; equal ones for a text without a known n-gram."""
        scores: list[list[float]] = []
        for start in range(0, len(texts), _AT_ONCE):
            some = texts[start : start + _AT_ONCE]
            scores += self._together(some) if len(some) >= _TOGETHER else map(self._alone, some)
        return [self._likeliest(score, len(text)) for score, text in zip(scores, texts, strict=True)]

    def _likeliest(self, scores: list[float], size: int) -> tuple[str, float]:
        # Divided by the root of the length, as the model was calibrated; then made probabilities.
        best, root = max(scores), math.sqrt(max(size, 1))
        likely = [math.exp((score - best) / root) for score in scores]
        return self._languages[scores.index(best)], 1.0 / sum(likely)

    def _scores(
        self,
        features: NDArray[np.int64],
        counted: NDArray[np.int64],
        begins: Sequence[int] | NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """A row for each text, whose features begin there: the weighted sum of what each feature says."""
        weights = self._weights[np.minimum(counted, len(self._weights) - 1)]
        sums: NDArray[np.float64] = np.add.reduceat(self._table[features] * weights[:, None], begins, axis=0)
        sums += self._priors
        return sums

    def _alone(self, text: bytes) -> list[float]:
        moves, rows, ends = self._moves, self._rows, self._ends
        state, met = 0, []
        for byte in text:
            state = moves[rows[state] + byte]
            met.append(ends[state])
        counts = sorted(Counter(met).items())
        if counts and counts[0][0] < 0:
            del counts[0]
        if not counts:
            return [0.0] * len(self._languages)
        features, counted = np.array(counts, dtype=np.int64).T
        scores: list[float] = self._scores(features, counted, [0])[0].tolist()
        return scores

    def _together(self, texts: Sequence[bytes]) -> list[list[float]]:
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
        return self._counted(met, np.array(order, dtype=np.int64))

    def _counted(self, met: NDArray[np.int32], order: NDArray[np.int64]) -> list[list[float]]:
        """The scores by text, of the features met at each step (row) by each text in `order` (column)."""
        steps, columns = np.nonzero(met >= 0)
        keys, counted = np.unique(order[columns] * self._features + met[steps, columns], return_counts=True)
        scores = np.zeros((len(order), len(self._languages)))
        if len(keys):
            owners, features = np.divmod(keys, self._features)
            begins = np.flatnonzero(np.diff(owners, prepend=-1))
            scores[owners[begins]] = self._scores(features, counted, begins)
        rows: list[list[float]] = scores.tolist()
        return rows
