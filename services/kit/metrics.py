"""What Prometheus reads: how the process's workers stand, and how its HTTP application answers.

Instruments that a service counts with are module-level and live in the library's own registry. What is here is held
per application, so that several may live in one process without meeting.
"""

from __future__ import annotations

from prometheus_client import REGISTRY, CollectorRegistry, Gauge, Histogram, generate_latest

# Seconds. The API answers in milliseconds; what takes longer than 10 s is an outage, however much longer.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The figures of one application. The gauges are read from the database when they are asked for.

    Attributes:
        latency: Seconds by method, route template and status.
        lag: Records a consumer group of this process has before it.
        position: Records a consumer group has gone past, by topic; its rate is what is handled.
        dead_letters: Records set aside because they can never be handled, by group and state.
        outbox_waiting: Events written to a schema's outbox and not published yet.
        outbox_age: Seconds that the oldest of them has waited; 0 when none does.
        worker_failures: How often in a row a worker or ticker has failed; 0 when it works.
        worker_busy: Seconds for which a worker or ticker has been at the same thing; one that grows hangs.
        observed: 1 when the gauges above are of this moment, 0 when the database could not be asked.
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.latency = Histogram(
            "veilleur_http_request_seconds",
            "Time from the request's arrival to the answer's last byte.",
            ["method", "route", "status"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self.lag = _gauge(registry, "consumer_lag_records", "Records a group has before it.", "group")
        self.position = _gauge(
            registry, "consumer_position_records", "Records a group has gone past.", "group", "topic"
        )
        self.dead_letters = _gauge(
            registry, "dead_letters", "Records that could not be handled.", "group", "state"
        )
        self.outbox_waiting = _gauge(registry, "outbox_waiting_events", "Events not published yet.", "schema")
        self.outbox_age = _gauge(
            registry, "outbox_oldest_seconds", "Age of the oldest waiting event.", "schema"
        )
        self.worker_failures = _gauge(
            registry, "worker_failures_in_a_row", "0 when the worker works.", "worker"
        )
        self.worker_busy = _gauge(
            registry, "worker_busy_seconds", "How long the worker has been at one thing.", "worker"
        )
        self.observed = _gauge(registry, "observed", "1 when the database could be asked for these figures.")

    def answered(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer. `route` is the template (`/api/v1/rules/{id}`), never the path: ids are without number."""
        self.latency.labels(method, route, str(status)).observe(seconds)

    def exposition(self) -> bytes:
        """The process's figures and this application's, in Prometheus's text format."""
        return generate_latest(REGISTRY) + generate_latest(self.registry)


def _gauge(registry: CollectorRegistry, name: str, meaning: str, *labels: str) -> Gauge:
    return Gauge(f"veilleur_{name}", meaning, labels, registry=registry)
