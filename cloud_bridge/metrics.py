"""What Prometheus sees of the bridge; hung on the pipeline from outside, own registry."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from cloud_bridge.store import Committed


class Metrics:
    """Counters of one bridge."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._of_records()
        self._of_projections()
        self._of_readers()
        self.retired = self._counter("retired", "Telemetry that went by policy", "what")
        self._of_rules()

    def _of_records(self) -> None:
        self.records = self._counter(
            "records", "Records that were judged, by what became of them", "outcome"
        )
        self.events = self._counter(
            "events", "Events that came over the API, by what became of them", "outcome"
        )
        self.ocpp = self._counter(
            "ocpp_calls", "Calls of swap stations over OCPP, by what became of them", "outcome"
        )
        self.gbt32960 = self._counter(
            "gbt32960_messages",
            "Messages of vehicle platforms after GB/T 32960, by what became of them",
            "outcome",
        )
        self.receipts = self._counter("receipts", "Receipts handed to the broker")
        self.faults = self._counter("store_faults", "Commits that the database did not take")
        self.commit_s = Histogram(
            "packtrail_bridge_commit_seconds",
            "Time from a batch to its durable commit",
            buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
            registry=self.registry,
        )
        self.queue = self._gauge("queue", "Messages that wait to be judged")
        self.connected = self._gauge("broker_connected", "1 while subscribed")
        self.ledger = self._gauge("ledger_size", "Facts in the ledger")

    def _of_rules(self) -> None:
        self.duties = self._gauge("duties", "Duties that are open, and of them overdue", "state")
        self.duties_behind = self._gauge(
            "duties_behind", "Facts that the list of duties has not looked at yet"
        )
        self.takeback_behind = self._gauge(
            "takeback_behind", "Facts and shares that statistics of take-back have not seen yet"
        )
        self.rules_differ = self._gauge(
            "rules_differ",
            "1 where this bridge brings another table of rules than the one in force",
        )

    def _of_projections(self) -> None:
        self.projected = self._counter(
            "projected", "What projections have brought to their targets", "projection", "kind"
        )
        self.projection_faults = self._counter(
            "projection_faults",
            "Portions that a target did not take; they are tried again",
            "projection",
        )
        self.behind = self._gauge(
            "projection_behind_seconds",
            "Age of the newest thing that a projection has carried",
            "projection",
        )

    def _of_readers(self) -> None:
        self.logins = self._counter("logins", "Tries to log in, by what became of them", "outcome")
        self.told_to_wait = self._counter(
            "told_to_wait", "Requests beyond what each may ask", "who"
        )
        self.streams = self._gauge("streams", "Who listens to live state now")

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(f"packtrail_bridge_{name}", says, labels, registry=self.registry)

    def _gauge(self, name: str, says: str, *labels: str) -> Gauge:
        return Gauge(f"packtrail_bridge_{name}", says, labels, registry=self.registry)

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
