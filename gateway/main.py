"""Connects the stages of a gateway, and nothing else.

    buses ─> mailbox ─> pipeline (slots, book) ─> outbox ─> uplink ─> broker
                 ^            │        ^                       ^
    local API ───┘            └> health desk ──────────────────┘ receipts

Between the stages: the mailbox is bounded by frames (a live bus loses its newest burst,
counted; a recording waits), the outbox's intake is bounded (telemetry is dropped and counted
when the disk stands still for minutes, facts never), the health desk takes 32 requests, the
uplink's window is bounded and everything else waits on disk. The outbox opens first and
closes last.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import wait
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from gateway.alarms.output_settings import siren_of
from gateway.alarms.outputs import Sirens
from gateway.arrivals import Arrivals
from gateway.assembly import (
    Input,
    SlotParts,
    make_book,
    make_inputs,
    make_slots,
    make_uplink,
    slots_by_bus,
)
from gateway.bus import BusReader, Mailbox
from gateway.clock import Clock, SystemClock
from gateway.downlink import CommandDesk, RemoteSettings, VehicleAsker
from gateway.downlink.powers import ReadingPowers
from gateway.health import Answer, HealthDesk, Request
from gateway.listening import bus_options, make_listener
from gateway.local_api import LocalApi, Told
from gateway.outbox import Fact, SqliteOutbox
from gateway.pipeline import Listener, Pipeline, recover
from gateway.pipeline.closeup import CloseUpShelf
from gateway.settings import GatewaySettings, SlotSettings
from gateway.view import StationView, view_slot
from packtrail import logs
from packtrail.event import ConditionCommitted
from packtrail.record import Kind
from packtrail.signing import SigningKey
from soh_model import PackSpec

STUCK_S: Final = 30.0
ENTER_S: Final = 10.0
LINGER_S: Final = 1.0
MOST_SPEC_BYTES: Final = 16_384
"""A type's whole voltage curves travel by its data sheet, not with each estimate."""


@dataclass(slots=True)
class Running:
    """Whether to go on, and why not."""

    stop: threading.Event = field(default_factory=threading.Event)
    failure: BaseException | None = None
    again: bool = False

    def fail(self, error: BaseException) -> None:
        """End the gateway: something that is not bad data went wrong."""
        self.failure = error
        self.stop.set()

    def begin_again(self) -> None:
        """End this run, so that the next begins with the settings as they are then."""
        self.again = True
        self.stop.set()


class Gateway:
    """A gateway as its settings describe it; opened by construction, begun by `start`.

    Args:
        settings: checked settings.
        slots: the slots of a recording; by default those of the settings, live.
        clock: says how good times are; a recording's are recorded.
        remote: changes of settings that the bridge made, beside their file.

    Raises:
        PacktrailError: key, outbox, profile, DBC or port cannot be used.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        *,
        slots: Sequence[SlotSettings] | None = None,
        clock: Clock | None = None,
        remote: RemoteSettings | None = None,
    ) -> None:
        self.settings = settings
        self._remote = remote
        self.running = Running()
        self.mailbox = Mailbox()
        self._clock = clock or SystemClock()
        self._log = logs.get("gateway")
        chosen = settings.slot if slots is None else tuple(slots)
        listeners = {slot.name: make_listener(slot, settings) for slot in chosen}
        self.outbox = SqliteOutbox(
            settings.outbox.file,
            gateway=settings.gateway,
            key=SigningKey.load(settings.key.file),
            clock=self._clock,
            options=settings.outbox.options,
        )
        try:
            self._connect(chosen, listeners, live=slots is None)
        except BaseException:
            self.outbox.close()
            raise

    def start(self) -> None:
        """Begin: first what writes, then what sends, last what hears."""
        self._recover()
        self.sirens.start()
        self.pipeline.start()
        self.health.start()
        self.commands.start()
        self.uplink.start()
        if self.api:
            self.api.start()
        for way_in in self.inputs:
            way_in.start()
        for reader in self.buses:
            reader.start()
        port = self.api.port if self.api else None
        self._log.info("gateway_started", gateway=self.settings.gateway, port=port)

    def _recover(self) -> None:
        """Put what the last run had open when it was killed."""
        drafts, unreadable = recover(self.outbox.recovered())
        for draft in drafts:
            self.outbox.put(draft)
        for chunk in unreadable:
            self._log.error("held_samples_unreadable", chunk=chunk)
            self.outbox.forget(chunk)

    def stop(self) -> None:
        """End in the order of the data: hear no more, work off, commit, say goodbye."""
        for reader in self.buses:
            reader.stop()
        for way_in in self.inputs:
            way_in.stop()
        if self.api:
            self.api.stop()
        self.pipeline.stop()
        self.shelf.finish()
        self.commands.stop()
        self.health.stop()
        self.sirens.stop()
        wait([self.outbox.record((), {})], ENTER_S)  # what was put is on disk and counted
        self._linger()
        self.uplink.stop()
        self.outbox.close()
        self._log.info("gateway_stopped", waiting=self.outbox.counters().waiting)

    def look(self) -> StationView:
        """What an operator sees."""
        state = self.pipeline.state
        return StationView(
            gateway=self.settings.gateway,
            site=self.settings.site,
            slots=[view_slot(slot, state) for slot in self.pipeline.slots.values()],
            outbox=self.outbox.counters(),
            uplink=self.uplink.state,
            buses={reader.name: reader.state for reader in self.buses},
            estimates=self.health.state,
            frames=self.pipeline.frames,
            frames_waiting=self.mailbox.depth,
            problems=self._problems(),
            troubles=[f"outbox: {self.outbox.trouble}"] if self.outbox.trouble else [],
            cases=list(state.cases),
        )

    def _connect(
        self, chosen: Sequence[SlotSettings], listeners: dict[str, Listener], *, live: bool
    ) -> None:
        self.health = HealthDesk(self._deliver, self.settings.health.timeout_s)
        self.sirens = Sirens([siren_of(output) for output in self.settings.alarms.output])
        self.shelf = CloseUpShelf(self.settings.closeups)
        arrivals = Arrivals(self._clock)
        self.pipeline = self._make_pipeline(chosen, listeners, arrivals, live=live)
        arrivals.pipeline = self.pipeline
        self._connect_bridge(arrivals)
        self.buses: list[BusReader] = []
        self.api: LocalApi | None = None
        self.inputs: list[Input] = []
        if live:
            self.buses = [
                BusReader(bus_options(bus, chosen, listeners), self.mailbox)
                for bus in self.settings.bus
            ]
            self.api = self._make_api()
            self.inputs = make_inputs(self.settings, arrivals, self.api.tell)

    def _make_pipeline(
        self,
        chosen: Sequence[SlotSettings],
        listeners: dict[str, Listener],
        arrivals: Arrivals,
        *,
        live: bool,
    ) -> Pipeline:
        shelf = self.shelf if live else None
        parts = SlotParts(self.outbox, self._clock, self.health.ask, self.sirens.warn, shelf)
        slots = make_slots(self.settings, chosen, listeners, parts)
        return Pipeline(
            list(slots.values()),
            slots_by_bus(chosen),
            make_book(self.settings, slots, self.outbox, self._clock),
            self.mailbox,
            self.outbox,
            self.running.fail,
            arrivals.greet,
        )

    def _connect_bridge(self, arrivals: Arrivals) -> None:
        """What goes to the bridge and what comes from it."""
        name, key = self.settings.gateway, SigningKey.load(self.settings.key.file)
        arrivals.vehicles = VehicleAsker(name, key, self._say, arrivals.hear)
        again, resolved = self.running.begin_again, arrivals.vehicles.resolved
        self.commands = CommandDesk(
            name,
            key=key,
            bridge=self.settings.bridge.key,
            outbox=self.outbox,
            clock=self._clock,
            say=self._say,
            powers=ReadingPowers(self.pipeline, again, resolved),
            remote=self._remote,
        )
        self.uplink = make_uplink(self.settings, self.outbox, self.commands.take)

    def _say(self, topic: str, payload: bytes) -> None:
        self.uplink.say(topic, payload)

    def _make_api(self) -> LocalApi:
        return LocalApi(
            self.settings.local_api.host,
            self.settings.local_api.port,
            look=self.look,
            enter=self._enter,
            estimate=lambda slot: self.pipeline.estimate(slot).result(ENTER_S),
            now_ns=self._clock.now_ns,
            socket_file=self.settings.local_api.socket,
            evses=self.settings.evses,
        )

    def _enter(self, told: Told) -> int:
        entered = self.pipeline.act(told.act, told.digest).result(ENTER_S)
        return entered.result(ENTER_S)

    def _deliver(self, request: Request, answer: Answer) -> None:
        """An estimate becomes a signed event, and what the next swap says of the pack."""
        now_ns, estimate = self._clock.now_ns(), answer.estimate
        times = (estimate.from_ns or now_ns, estimate.to_ns or now_ns)
        body = ConditionCommitted(
            estimate,
            claimed_soh_pct=request.claimed_soh_pct,
            coverage_pct=answer.coverage_pct,
            throughput_ah=answer.throughput_ah,
            spec=specification(request.spec),
        )
        quality = self._clock.quality()
        self.outbox.put(Fact(Kind.HEALTH, request.unit, request.slot, *times, quality, body))
        if estimate.soh and estimate.verdict == "told":
            self.pipeline.remember_health(request.unit, estimate.soh)

    def _linger(self) -> None:
        """Give what was put last a moment to be sent and answered; the rest waits on disk."""
        deadline = time.monotonic() + LINGER_S
        while (
            self.uplink.state.connected
            and self.outbox.counters().waiting
            and time.monotonic() < deadline
        ):
            time.sleep(0.02)

    def _problems(self) -> list[str]:
        problems = []
        if self.pipeline.silent_s > STUCK_S:
            problems.append(f"pipeline stuck for {self.pipeline.silent_s:.0f} s")
        if self.outbox.failure:
            problems.append(f"outbox failed: {self.outbox.failure}")
            self.running.fail(self.outbox.failure)
        if self.health.failure:
            self.running.fail(self.health.failure)
        if self.running.failure:
            problems.append(f"failed: {self.running.failure}")
        return problems


def specification(spec: PackSpec) -> dict[str, Any] | None:
    """What the estimate can be computed again with; None where it is too large to travel."""
    plain = spec.plain()
    return plain if len(msgspec.json.encode(plain)) <= MOST_SPEC_BYTES else None
