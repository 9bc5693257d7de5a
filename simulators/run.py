"""One run of a simulated station: settings enter, frames on buses or in a log leave.

Live, ticks wait for the clock, the controller tells the gateway and makers put their packs on
record first. Into a log, nobody waits and nobody is told: equal seeds give equal bytes.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import can

from packtrail import logs
from packtrail.event import SignedEvent, encode_event
from packtrail.language import Text
from packtrail.progress import watched
from packtrail.signing import SigningKey
from packtrail.times import NS_PER_S, parse_time
from simulators.acts import Act
from simulators.bms import BmsReading
from simulators.broadcast import Broadcast, TimedFrame
from simulators.buses import FrameSink, SlotBuses, bus_arguments, open_log
from simulators.clock import TICKS_PER_S, StationClock, count_ticks, wait_ticks
from simulators.controller import FIRST_SERVER_FAULT, UNREACHABLE, Controller, post_json
from simulators.errors import SimulationError
from simulators.fleet import Fleet
from simulators.makers import register_packs
from simulators.settings import MakersSettings, StationSettings
from simulators.slot import Slot
from simulators.station import Station
from simulators.wire.diagnosis import DiagnosticNode, Identity, identity_of

PATIENCE_S: Final = 60.0
PAUSE_S: Final = 0.2
EVENTS_PER_REQUEST: Final = 200


class Faults(Protocol):
    """What comes between the station and its buses."""

    def begin(self, tick: int) -> None:
        """A tick begins."""
        ...

    def alter(self, slot: str, reading: BmsReading) -> BmsReading:
        """What the BMS of a slot says instead."""
        ...

    def pass_on(self, timed: Sequence[TimedFrame]) -> Iterable[TimedFrame]:
        """The frames of a tick as they reach the buses."""
        ...


class StationRun:
    """A station as its settings describe it, not yet begun.

    Args:
        settings: checked settings.
    """

    def __init__(self, settings: StationSettings) -> None:
        self.settings = settings
        self.clock = StationClock(parse_time(settings.start), settings.speed)
        made_before = datetime.fromtimestamp(self.clock.start_ns / NS_PER_S, UTC).date()
        self.fleet = Fleet.draw(settings.seed, settings.vehicles, made_before)
        self.station = Station(
            self.fleet,
            settings.seed,
            settings.power_limit_kw * 1000.0,
            settings.misread_share,
        )
        self._broadcast = Broadcast(self.station, self.clock, settings.seed, settings.bus.load)
        self.acts: list[Act] = []
        self.frames = 0
        self.faults: Faults | None = None
        self._log = logs.get("simulators.station")

    def go_live(
        self,
        stop: threading.Event,
        real_seconds: float | None = None,
        buses: FrameSink | None = None,
    ) -> None:
        """Run by the clock until `stop` or for `real_seconds`.

        Args:
            stop: ends it.
            real_seconds: how long, None for until `stop`.
            buses: where frames go; by default the buses of the settings. Closed at the end.

        Raises:
            SimulationError: a bus, the gateway or the makers' registry is not there.
        """
        buses = buses or SlotBuses(
            self.settings.bus.interface,
            self.settings.bus.channel,
            [slot.name for slot in self.station.slots],
        )
        nodes = self._diagnosis() if isinstance(buses, SlotBuses) else []
        controller = self._controller()
        try:
            self._announce(controller)
            self._log.info("station_open", site=self.settings.site, speed=self.clock.speed)
            for tick in wait_ticks(real_seconds, stop):
                self.tick(tick, buses, controller)
        finally:
            if controller is not None:
                controller.close()
            for node in nodes:
                node.close()
            buses.close()
            self._log.info("station_closed", frames=self.frames, swaps=self.station.bay.swaps)

    def _diagnosis(self) -> list[DiagnosticNode]:
        """A node on each slot's bus that answers for the pack that stands there."""
        bus = self.settings.bus
        if not bus.diagnosis:
            return []
        return [
            DiagnosticNode(
                can.Bus(**bus_arguments(bus.interface, bus.channel, slot.name)),
                partial(self._identity, slot),
            )
            for slot in self.station.slots
        ]

    def _identity(self, slot: Slot) -> Identity:
        pack = slot.pack
        if pack is None:
            return {}
        told = self.fleet.packs.packs[pack]
        return identity_of(told.code, told.model)

    def write_log(self, path: Path, real_seconds: float) -> None:
        """Write what the buses would carry in `real_seconds` to a log file.

        Args:
            path: its name's end says the format: `.log` (candump), `.blf`, `.asc`, `.mf4`.
            real_seconds: ticks to write.

        Raises:
            SimulationError: another format, or the file cannot be written.
        """
        file = open_log(path, self.settings.bus.channel, [s.name for s in self.station.slots])
        what, unit = Text("simulating the station", "换电站仿真"), Text("s", "秒")
        try:
            with watched(what, real_seconds, unit) as told:
                self.acts += self.station.opening()
                for tick in count_ticks(real_seconds):
                    self.tick(tick, file)
                    told(1.0 / TICKS_PER_S)
        finally:
            file.close()

    def write_truth(self, path: Path) -> None:
        """Write what really was: packs with their true health, and all that happened, as JSON."""
        path.write_text(json.dumps(self.truth(), ensure_ascii=False, indent=1) + "\n", "utf-8")

    def truth(self) -> dict[str, Any]:
        """What a perfect observer would know."""
        places = self.station.whereabouts()
        return {
            "start": self.settings.start,
            "packs": [
                {
                    "code": pack.code,
                    "model": pack.model.name,
                    "rated_ah": pack.model.rated_ah,
                    "soh": round(pack.true_soh, 5),
                    "soh_weakest": round(pack.true_soh_weakest, 5),
                    "soc": round(self.fleet.packs.mean_soc(number), 5),
                    "place": places[number],
                    "registered": number not in self.fleet.unregistered,
                }
                for number, pack in enumerate(self.fleet.packs.packs)
            ],
            "acts": [{"act": type(act).__name__, **asdict(act)} for act in self.acts],
        }

    def tick(self, tick: int, sink: FrameSink, controller: Controller | None = None) -> None:
        """Let one tick pass: physics, acts to the controller, frames to the sink."""
        if tick:
            acts = self.station.advance(self.clock.tick_s)
            self.acts += acts
            if controller is not None:
                controller.tell(acts)
        if self.faults is not None:
            self.faults.begin(tick)
        frames = self._broadcast.frames(tick)
        for timed in frames if self.faults is None else self.faults.pass_on(frames):
            sink.send(timed)
            self.frames += not timed.frame.error

    def misbehave(self, faults: Faults) -> None:
        """Have faults between what is true and what the buses carry."""
        self.faults = faults
        self._broadcast.alter = faults.alter

    def _controller(self) -> Controller | None:
        if self.settings.controller is None:
            return None
        return Controller(self.settings.controller.url, self.clock)

    def _announce(self, controller: Controller | None) -> None:
        """Register the packs, wait for the gateway, tell it what stands in the slots."""
        if self.settings.makers is not None:
            register(self.fleet, self.settings.makers, f"plates-{self.settings.seed}")
        opening = self.station.opening()
        self.acts += opening
        if controller is not None:
            controller.wait_for_gateway(PATIENCE_S)
            controller.start()
            controller.tell(opening)


def register(fleet: Fleet, makers: MakersSettings, stream: str) -> int:
    """Have the makers sign for their packs; returns how many they put on record.

    Raises:
        SimulationError: the registry does not answer or refuses an event.
    """
    keys = {maker: SigningKey.load(path) for maker, path in makers.keys.items()}
    events = list(register_packs(fleet.packs.packs, keys, stream))
    if makers.file is not None:
        makers.file.write_bytes(b"".join(encode_event(event) + b"\n" for event in events))
    if makers.url:
        for first in range(0, len(events), EVENTS_PER_REQUEST):
            _put_on_record(makers.url, events[first : first + EVENTS_PER_REQUEST])
    return len(events)


def _put_on_record(url: str, events: list[SignedEvent]) -> None:
    """Post events, again and again while the registry is silent or unwell."""
    body = b"[" + b",".join(encode_event(event) for event in events) + b"]"
    deadline = time.monotonic() + PATIENCE_S
    while not _recorded(url, body):
        if time.monotonic() > deadline:
            raise SimulationError(
                Text("the registry does not answer", "登记处没有应答"), where=url, retryable=True
            )
        time.sleep(PAUSE_S)


def _recorded(url: str, body: bytes) -> bool:
    try:
        post_json(url, body)
    except urllib.error.HTTPError as error:
        if error.code >= FIRST_SERVER_FAULT:
            return False
        why = error.read(500).decode(errors="replace")
        raise SimulationError(
            Text("the registry refuses an event: {why}", "登记处拒绝事件：{why}").fill(why=why),
            where=f"{url} ({error.code})",
            hint=Text("is the maker's key on the trust list?", "厂商密钥是否在信任列表中？"),
        ) from error
    except UNREACHABLE:
        return False
    return True
