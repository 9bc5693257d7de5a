"""What Prometheus sees of the bridge; hung on the pipeline from outside, own registry."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from cloud_bridge.store import Committed


class Metrics:
    """Counters of one bridge."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.records = Counter(
            "packtrail_bridge_records",
            "Records that were judged, by what became of them",
            ["outcome"],
            registry=self.registry,
        )
        self.events = Counter(
            "packtrail_bridge_events",
            "Events that came over the API, by what became of them",
            ["outcome"],
            registry=self.registry,
        )
        self.receipts = Counter(
            "packtrail_bridge_receipts", "Receipts handed to the broker", registry=self.registry
        )
        self.faults = Counter(
            "packtrail_bridge_store_faults",
            "Commits that the database did not take",
            registry=self.registry,
        )
        self.commit_s = Histogram(
            "packtrail_bridge_commit_seconds",
            "Time from a batch to its durable commit",
            buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
            registry=self.registry,
        )
        self.queue = Gauge(
            "packtrail_bridge_queue", "Messages that wait to be judged", registry=self.registry
        )
        self.connected = Gauge(
            "packtrail_bridge_broker_connected", "1 while subscribed", registry=self.registry
        )
        self.ledger = Gauge(
            "packtrail_bridge_ledger_size", "Facts in the ledger", registry=self.registry
        )

        self.logins = Counter(
            "packtrail_bridge_logins",
            "Tries to log in, by what became of them",
            ["outcome"],
            registry=self.registry,
        )
        self.told_to_wait = Counter(
            "packtrail_bridge_told_to_wait",
            "Requests beyond what each may ask",
            ["who"],
            registry=self.registry,
        )
        self.projected = Counter(
            "packtrail_bridge_projected",
            "What projections have brought to their targets",
            ["projection", "kind"],
            registry=self.registry,
        )
        self.projection_faults = Counter(
            "packtrail_bridge_projection_faults",
            "Portions that a target did not take; they are tried again",
            ["projection"],
            registry=self.registry,
        )
        self.behind = Gauge(
            "packtrail_bridge_projection_behind_seconds",
            "Age of the newest thing that a projection has carried",
            ["projection"],
            registry=self.registry,
        )

    def count(self, committed: Committed, strangers: int) -> None:
        """Add up what one transaction did."""
        outcomes = {
            "stored": committed.stored,
            "refused": committed.refused,
            "repeated": committed.repeats,
            "equivocation": committed.equivocations,
            "stranger": strangers,
        }
        for outcome, number in outcomes.items():
            self.records.labels(outcome).inc(number)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
