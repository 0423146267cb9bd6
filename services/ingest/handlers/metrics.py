"""What ingest counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

RECEIVED = Counter("veilleur_ingest_mentions_received", "Mentions that arrived.", ["kind"])
MATCHED = Counter("veilleur_ingest_mentions_matched", "Mentions that matched a watch.", ["kind"])
UNMATCHED = Counter("veilleur_ingest_mentions_unmatched", "Mentions that concern no brand.", ["kind"])
REJECTED = Counter("veilleur_ingest_mentions_rejected", "Mentions that could not be read.", ["kind"])
POLLS = Counter("veilleur_ingest_polls", "Polls of sources, by what came of them.", ["outcome"])
MATCHING_SECONDS = Histogram(
    "veilleur_ingest_batch_seconds",
    "Time from a batch's arrival to the bus's acknowledgement.",
    ["kind"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


def count(kind: str, *, matched: int, unmatched: int, rejected: int) -> None:
    """Count one batch, by the kind of connector that brought it."""
    RECEIVED.labels(kind).inc(matched + unmatched + rejected)
    MATCHED.labels(kind).inc(matched)
    UNMATCHED.labels(kind).inc(unmatched)
    REJECTED.labels(kind).inc(rejected)
