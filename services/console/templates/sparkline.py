"""A day's volume as a line, drawn here: the page needs no script for it."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, HEIGHT = 230, 36
_EDGE = 2
"""Room above the highest point and below zero, for the line's own width."""


def points(values: Sequence[int]) -> str:
    """The points of an SVG polyline for `values`, oldest first; the highest touches the top, zero the bottom."""
    highest = max(values, default=0) or 1
    step = WIDTH / max(len(values) - 1, 1)
    drawn = HEIGHT - 2 * _EDGE
    return " ".join(
        f"{round(place * step)},{HEIGHT - _EDGE - round(value / highest * drawn)}"
        for place, value in enumerate(values)
    )
