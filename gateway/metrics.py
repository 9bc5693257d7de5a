"""Prometheus metrics of a gateway, in a registry of their own, read from the view."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from gateway.view import SlotView, StationView
from packtrail.estimate import Interval

_OUTBOX_COUNTERS: Final = ("added", "stored", "refused", "thinned", "dropped", "commits")
_OUTBOX_GAUGES: Final = ("waiting", "waiting_bytes", "held")
_UPLINK_COUNTERS: Final = ("sent", "repeated", "receipts", "bad_receipts", "connections")
_BUS_COUNTERS: Final = (
    "frames",
    "dropped",
    "overflowed",
    "error_frames",
    "bus_offs",
    "restarts",
)
_SLOT_GAUGES: Final = ("soc_pct", "spread_v", "temperature_c", "soh", "current_a", "voltage_v")


class StationCollector(Collector):
    """Turns a view into metrics when it is asked."""

    def __init__(self, look: Callable[[], StationView]) -> None:
        self._look = look

    def collect(self) -> Iterable[Metric]:
        """All metrics."""
        view = self._look()
        yield from _numbers("outbox", asdict(view.outbox), _OUTBOX_COUNTERS, _OUTBOX_GAUGES)
        uplink = asdict(view.uplink)
        yield from _numbers("uplink", uplink, _UPLINK_COUNTERS, ("connected", "under_way"))
        yield from _numbers("estimates", asdict(view.estimates), tuple(asdict(view.estimates)), ())
        yield CounterMetricFamily(
            "packtrail_gateway_frames", "Frames worked off", value=view.frames
        )
        yield GaugeMetricFamily(
            "packtrail_gateway_frames_waiting", "Frames in the mailbox", value=view.frames_waiting
        )
        yield from _buses(view)
        yield from _slots(view.slots)


def render(look: Callable[[], StationView]) -> bytes:
    """The text that Prometheus reads."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(StationCollector(look))
    return generate_latest(registry)


def _numbers(
    part: str, values: dict[str, float], counters: Iterable[str], gauges: Iterable[str]
) -> Iterable[Metric]:
    for name in counters:
        yield CounterMetricFamily(
            f"packtrail_gateway_{part}_{name}", f"{part}: {name}", value=values[name]
        )
    for name in gauges:
        yield GaugeMetricFamily(
            f"packtrail_gateway_{part}_{name}", f"{part}: {name}", value=values[name]
        )


def _buses(view: StationView) -> Iterable[Metric]:
    for name in _BUS_COUNTERS:
        family = CounterMetricFamily(
            f"packtrail_gateway_bus_{name}", f"bus: {name}", labels=["bus"]
        )
        for bus, state in view.buses.items():
            family.add_metric([bus], getattr(state, name))
        yield family
    for name in ("up", "silent"):
        gauge = GaugeMetricFamily(f"packtrail_gateway_bus_{name}", f"bus: {name}", labels=["bus"])
        for bus, state in view.buses.items():
            gauge.add_metric([bus], getattr(state, name))
        yield gauge


def _slots(slots: list[SlotView]) -> Iterable[Metric]:
    for name in _SLOT_GAUGES:
        gauge = GaugeMetricFamily(
            f"packtrail_gateway_slot_{name}", f"slot: {name}", labels=["slot"]
        )
        for slot in slots:
            value = _figure(slot, name)
            if value is not None:
                gauge.add_metric([slot.name], value)
        yield gauge
    alarms = GaugeMetricFamily("packtrail_gateway_slot_alarms", "slot: alarms", labels=["slot"])
    samples = CounterMetricFamily(
        "packtrail_gateway_slot_samples", "slot: samples", labels=["slot"]
    )
    for slot in slots:
        alarms.add_metric([slot.name], len(slot.alarms))
        samples.add_metric([slot.name], slot.samples)
    yield from (alarms, samples)


def _figure(slot: SlotView, name: str) -> float | None:
    """One gauge's value; an interval by its middle."""
    value: float | Interval | None = getattr(slot, name)
    return value.value if isinstance(value, Interval) else value
