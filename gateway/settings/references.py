"""Names in the settings that refer to another table: each must be there, and only once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from gateway.settings.sources import BusSettings, ScannerSettings, SlotSettings, VehicleFeedSettings
from packtrail.language import Text

TWICE = Text("{kind} {name!r} is named twice", "{kind} {name!r} 出现了两次")
BUS = Text("bus", "总线")
SLOT = Text("slot", "仓位")
FED_TWICE = Text("slot {name!r} has two vehicle feeds", "仓位 {name!r} 有两个车辆数据源")
NO_BUS = Text(
    "slot {slot!r} names the bus {bus!r}, which is not there",
    "仓位 {slot!r} 引用了不存在的总线 {bus!r}",
)
SPEECHLESS = Text(
    "slot {slot!r} has neither a bus nor a vehicle feed",
    "仓位 {slot!r} 既没有总线，也没有车辆数据源",
)
FEED_ASTRAY = Text(
    "the vehicle feed names the slot {slot!r}, which is not there",
    "车辆数据源引用了不存在的仓位 {slot!r}",
)
SCANNER_ASTRAY = Text(
    "scanner {device!r} names the slot {slot!r}, which is not there",
    "扫码器 {device!r} 引用了不存在的仓位 {slot!r}",
)


class Named(Protocol):
    """The tables of the settings that bear names or refer to one."""

    @property
    def bus(self) -> tuple[BusSettings, ...]:
        """The buses."""

    @property
    def slot(self) -> tuple[SlotSettings, ...]:
        """The slots."""

    @property
    def vehicle_feed(self) -> tuple[VehicleFeedSettings, ...]:
        """The vehicle feeds, each of a slot."""

    @property
    def scanner(self) -> tuple[ScannerSettings, ...]:
        """The scanners, some of a slot."""


def find_doubles(settings: Named) -> Iterator[str]:
    """Say which buses, slots and vehicle feeds bear a name that another one bears too."""
    named = (
        (TWICE, BUS, [bus.name for bus in settings.bus]),
        (TWICE, SLOT, [slot.name for slot in settings.slot]),
        (FED_TWICE, SLOT, [feed.slot for feed in settings.vehicle_feed]),
    )
    for words, kind, names in named:
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield words.say(kind=kind.say(), name=name)


def find_dangling(settings: Named) -> Iterator[str]:
    """Say which slots, vehicle feeds and scanners refer to nothing."""
    slots = {slot.name for slot in settings.slot}
    yield from _slots_astray(settings)
    for feed in settings.vehicle_feed:
        if feed.slot not in slots:
            yield FEED_ASTRAY.say(slot=feed.slot)
    for scanner in settings.scanner:
        if scanner.slot and scanner.slot not in slots:
            yield SCANNER_ASTRAY.say(device=str(scanner.device), slot=scanner.slot)


def _slots_astray(settings: Named) -> Iterator[str]:
    buses = {bus.name for bus in settings.bus}
    fed = {feed.slot for feed in settings.vehicle_feed}
    for slot in settings.slot:
        if slot.bus and slot.bus not in buses:
            yield NO_BUS.say(slot=slot.name, bus=slot.bus)
        elif not slot.bus and slot.name not in fed:
            yield SPEECHLESS.say(slot=slot.name)
