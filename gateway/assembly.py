"""Makes the parts of a gateway from its settings; `gateway.main` connects and runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.alarms import Warn, Watch, load_thresholds
from gateway.arrivals import Arrivals
from gateway.binding import Book, decode_state
from gateway.clock import Clock
from gateway.enrolment import Renewal
from gateway.health import Request
from gateway.identify import UdsAsker
from gateway.inputs import Scanner, StationMqtt
from gateway.local_api import Told
from gateway.outbox import SqliteOutbox
from gateway.pipeline import STATE_NOTE, Listener, Slot
from gateway.pipeline.closeup import CloseUpShelf
from gateway.settings import GatewaySettings, SlotSettings
from gateway.uplink import Uplink, paho_links
from gateway.vehicle_feed import VehicleFeed
from packtrail.signing import SigningKey

Input = Scanner | StationMqtt | UdsAsker | VehicleFeed | Renewal
"""Ways in beside the buses."""


@dataclass(frozen=True, slots=True)
class SlotParts:
    """What all slots of a gateway share.

    Attributes:
        outbox: where records go.
        clock: how good times are.
        ask: asks for an estimate.
        warn: the local outputs.
        shelf: keeps close-ups; None for a recording.
    """

    outbox: SqliteOutbox
    clock: Clock
    ask: Callable[[Request], None]
    warn: Warn
    shelf: CloseUpShelf | None


def make_slots(
    settings: GatewaySettings,
    chosen: Sequence[SlotSettings],
    listeners: Mapping[str, Listener],
    parts: SlotParts,
) -> dict[str, Slot]:
    """The slots by name.

    Raises:
        PacktrailError: the file of thresholds cannot be used.
    """
    thresholds = load_thresholds(settings.alarms.file)
    return {
        slot.name: Slot(
            slot.name,
            rule=settings.slot_rule,
            listener=listeners[slot.name],
            watch=Watch(thresholds),
            outbox=parts.outbox,
            clock=parts.clock,
            find_spec=settings.find_spec,
            ask=parts.ask,
            warn=parts.warn,
            shelf=parts.shelf,
            site=settings.site,
        )
        for slot in chosen
    }


def slots_by_bus(chosen: Sequence[SlotSettings]) -> dict[str, list[str]]:
    """Name of each bus -> names of the slots on it."""
    wired = {slot.bus for slot in chosen if slot.bus}
    return {bus: [slot.name for slot in chosen if slot.bus == bus] for bus in wired}


def make_book(
    settings: GatewaySettings, slots: Mapping[str, Slot], outbox: SqliteOutbox, clock: Clock
) -> Book:
    """The station's book as the last run left it."""
    binding = settings.binding
    return Book(
        settings.site,
        decode_state(outbox.note(STATE_NOTE)).only(slots),
        lambda slot, since_ns: slots[slot].hear_soc(since_ns),
        clock.quality,
        controller=binding.controller,
        unread_s=binding.unread_s,
        confirm=binding.confirm,
        sealed_until=lambda slot: slots[slot].sealed_until_ns,
    )


def make_uplink(
    settings: GatewaySettings, outbox: SqliteOutbox, on_command: Callable[[bytes], Any]
) -> Uplink:
    """The way to the broker."""
    broker, gateway = settings.broker, settings.gateway
    return Uplink(
        outbox,
        gateway=gateway,
        bridge=settings.bridge.key,
        make_link=paho_links(broker.broker(gateway), gateway, broker.window),
        window=broker.window,
        patience_s=broker.resend_after_s,
        daily_bytes=round(broker.daily_mb * 1_000_000),
        on_command=on_command,
    )


def make_inputs(
    settings: GatewaySettings, arrivals: Arrivals, tell: Callable[[str, bytes], Told]
) -> list[Input]:
    """Every way in that the settings name.

    Raises:
        PacktrailError: a port is taken, or the key cannot be used.
    """
    inputs: list[Input] = [Scanner(scanner.options, tell) for scanner in settings.scanner]
    if settings.station_mqtt:
        inputs.append(StationMqtt(settings.station_mqtt.options, tell, settings.gateway))
    inputs += [
        VehicleFeed(feed.options, arrivals.pipeline.hear, arrivals.hear_login)
        for feed in settings.vehicle_feed
    ]
    asked = {slot.name: slot.uds.options for slot in settings.slot if slot.uds}
    if asked:
        arrivals.electronics = UdsAsker(asked, arrivals.hear_uds)
        inputs.append(arrivals.electronics)
    paths, url = settings.certificate_paths, settings.bridge.url
    if paths and url:
        key = SigningKey.load(settings.key.file)
        inputs.append(Renewal(url, paths, settings.gateway, key))
    return inputs
