"""The topics of the bus: one writer each, keyed by brand, so that a brand's events stay in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Topic:
    """A named, partitioned, append-only log.

    Attributes:
        name: Without the installation's prefix; the version is part of it.
        partitions: How many consumers of one group can share it at most.
        retention: How long a record is kept, in machine time; for a compacted topic, superseded records.
        compacted: Whether the newest record of each compaction key is kept for ever.
    """

    name: str
    partitions: int = 6
    retention: timedelta = WEEK
    compacted: bool = False


BRANDS = Topic("brands.v1", compacted=True)
MENTIONS = Topic("mentions.v1")
SOURCE_HEALTH = Topic("source-health.v1")
ASSESSMENTS = Topic("assessments.v1")
ALERTS = Topic("alerts.v1")
COVERAGE = Topic("coverage.v1", compacted=True)
ALERT_EVENTS = Topic("alert-events.v1")
DEAD_LETTERS = Topic("dead-letters.v1", retention=4 * WEEK)

ALL = (BRANDS, MENTIONS, SOURCE_HEALTH, ASSESSMENTS, ALERTS, COVERAGE, ALERT_EVENTS, DEAD_LETTERS)
