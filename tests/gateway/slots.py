"""A slot with a tracker that speaks a tiny language of its own, for tests of the pipeline.

Frame 1 carries current in A (signed byte), SOC and temperature; frame 2 cell voltages in 20 mV.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from can_decoder import FrameBatch, IdFilter
from gateway.alarms import Warn, Watch, load_thresholds, tell_nobody
from gateway.bus import Frame, batch_of
from gateway.clock import SystemClock
from gateway.health import Request
from gateway.outbox import Outbox
from gateway.pipeline import Listener, SamplingRule, Slot, SlotRule
from gateway.pipeline.closeup import CloseUpShelf
from packtrail.sample import Sample
from packtrail.times import NS_PER_S
from soh_model import PackSpec
from tests.gateway.drafts import T0

SPEC = PackSpec(chemistry="LFP", rated_ah=100.0, cells_in_series=4)


class TinyTracker:
    """Understands identifiers 1 and 2."""

    def __init__(self) -> None:
        self.counts = SimpleNamespace(decoded=0)
        self._values: dict[str, object] = {}
        self._seen: dict[str, int] = {}

    def feed(self, t_ns: int, frame_id: int, is_extended: bool, data: bytes) -> None:
        if frame_id == 1:
            current = int.from_bytes(data[:1], "big", signed=True)
            new = {"pack_current_a": float(current), "soc_pct": float(data[1])}
            new |= {"temperature_max_c": float(data[2])}
        elif frame_id == 2:
            new = {"cell_voltage_v": np.frombuffer(data, np.uint8) * 0.02}
        else:
            return
        self.counts.decoded += 1
        self._values |= new
        self._seen |= dict.fromkeys(new, t_ns)

    def feed_batch(self, batch: FrameBatch) -> None:
        columns = (batch.t_ns.tolist(), batch.ids.tolist(), batch.extended.tolist())
        for frame in zip(*columns, batch.payloads(), strict=True):
            self.feed(*frame)

    @property
    def filters(self) -> tuple[IdFilter, ...]:
        return tuple(IdFilter(number, 0x7FF, extended=False) for number in (1, 2))

    def snapshot(self, t_ns: int) -> Sample:
        ages = {name: (t_ns - seen) / NS_PER_S for name, seen in self._seen.items()}
        return Sample(t_ns, dict(self._values), ages)


def status(seconds: float, current: int = 0, soc: int = 50, celsius: int = 25) -> Frame:
    """Frame 1 at a time after T0."""
    data = current.to_bytes(1, "big", signed=True) + bytes([soc, celsius])
    return Frame(T0 + round(seconds * NS_PER_S), 1, False, data)


def cells(seconds: float, *millivolts: int) -> Frame:
    """Frame 2."""
    data = bytes(round(value / 20) for value in millivolts)
    return Frame(T0 + round(seconds * NS_PER_S), 2, False, data)


def make_slot(
    outbox: Outbox,
    asked: list[Request] | None = None,
    name: str = "1",
    shelf: CloseUpShelf | None = None,
    warn: Warn = tell_nobody,
    **rule: float,
) -> Slot:
    """A slot named `1`."""
    sampling = SamplingRule(**{k: rule.pop(k) for k in ("active_s", "rest_s") if k in rule})
    return Slot(
        name,
        rule=SlotRule(sampling, **rule),
        listener=Listener([TinyTracker], max_age_s=100.0),
        watch=Watch(load_thresholds()),
        outbox=outbox,
        clock=SystemClock(),
        find_spec=lambda _unit: SPEC,
        ask=(asked if asked is not None else []).append,
        warn=warn,
        shelf=shelf,
    )


def feed(slot: Slot, frames: list[Frame], burst: int = 50) -> None:
    """Feed single frames in bursts, as a bus would."""
    for start in range(0, len(frames), burst):
        slot.feed(batch_of(frames[start : start + burst]))
