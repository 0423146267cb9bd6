"""What Prometheus reads: figures of the process, and of each HTTP application in it."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

PROCESS = CollectorRegistry()
"""Figures that belong to the process, whatever application it serves: consumers, relays, workers.

Its own registry rather than the library's global one, so that importing a library never adds to ours.
"""
ProcessCollector(registry=PROCESS)
PlatformCollector(registry=PROCESS)

CONSUMER_LAG = Gauge(
    "veilleur_consumer_lag_records",
    "Records a consumer group has not handled yet.",
    ["group", "topic", "partition"],
    registry=PROCESS,
)
HANDLED = Counter(
    "veilleur_consumer_handled",
    "Records a consumer group has handled.",
    ["group", "topic"],
    registry=PROCESS,
)
DEAD_LETTERED = Counter(
    "veilleur_consumer_dead_lettered",
    "Records a consumer group could never handle, and set aside.",
    ["group", "topic"],
    registry=PROCESS,
)
OUTBOX_WAITING = Gauge(
    "veilleur_outbox_waiting_events",
    "Events written to a schema's outbox and not published yet.",
    ["schema"],
    registry=PROCESS,
)
WORKER_FAILURES = Counter(
    "veilleur_worker_failures",
    "Times a worker or ticker failed and will be called again.",
    ["worker"],
    registry=PROCESS,
)

# Seconds. The API answers in milliseconds; what takes longer than 10 s is an outage, however much longer.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class HttpMetrics:
    """The figures of one application. Several may live in one process without meeting."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.latency = Histogram(
            "veilleur_http_request_seconds",
            "Time from the request's last byte to the answer's last byte.",
            ["method", "route", "status"],
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def observe(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer. `route` is the template (`/api/v1/rules/{id}`), never the path: ids are without number."""
        self.latency.labels(method, route, str(status)).observe(seconds)

    def exposition(self) -> bytes:
        """Both registries in Prometheus's text format."""
        return generate_latest(PROCESS) + generate_latest(self.registry)
