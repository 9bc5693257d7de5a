"""Tables of where readings come from: buses, slots, vehicles that report, scanners."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from gateway.bus import BusOptions
from gateway.bus.state import WIRELESS, listen_only_of
from gateway.identify import UdsOptions
from gateway.inputs import ScannerOptions
from gateway.settings.names import Interface, Name
from gateway.vehicle_feed import FeedOptions
from packtrail.errors import PacktrailError
from packtrail.language import Text
from packtrail.settings import Settings, SettingsPath


class BusSettings(Settings):
    """One CAN bus; see `gateway.bus.BusOptions`."""

    name: Name
    interface: Interface
    channel: Name
    bitrate: Annotated[int, Field(ge=10_000, le=1_000_000)] | None = None
    data_bitrate: Annotated[int, Field(ge=10_000, le=10_000_000)] | None = None
    fd: bool = False
    listen_only: bool = False
    silent_s: Annotated[float, Field(gt=0)] = 10.0
    reader: Literal["packtrail", "python-can"] = "packtrail"
    kernel_filters: bool = True
    extra: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _can_listen_only(self) -> Self:
        if self.listen_only and self.interface not in WIRELESS:
            try:
                listen_only_of(self.interface)
            except PacktrailError as error:
                raise ValueError(error.describe()) from error
        return self

    @property
    def options(self) -> BusOptions:
        """As the reader takes it, without filters: those come from the slots on the bus."""
        given = dict(self)
        del given["kernel_filters"]
        return BusOptions(**given)


class UdsSettings(Settings):
    """How a slot's control unit is asked who it is; see `gateway.identify.UdsOptions`."""

    target: str
    interface: Interface
    channel: Name
    bitrate: Annotated[int, Field(ge=10_000, le=1_000_000)] | None = None
    extra: dict[str, Any] = Field(default_factory=dict)

    @property
    def options(self) -> UdsOptions:
        """As the asker takes it."""
        return UdsOptions(**dict(self))


class SlotSettings(Settings):
    """One slot: its bus, and every profile that a pack in it may speak; or a vehicle feed alone."""

    name: Name
    bus: Name | Literal[""] = ""
    profiles: tuple[str, ...] = ()
    dbc: tuple[SettingsPath, ...] = ()
    evse: Annotated[int, Field(ge=0)] | None = None
    uds: UdsSettings | None = None

    @model_validator(mode="after")
    def _has_a_language(self) -> Self:
        if self.bus and not self.profiles:
            told = Text("a slot on a bus needs `profiles`", "接总线的仓位需要填写 profiles")
            raise ValueError(told.say())
        return self


class VehicleFeedSettings(Settings):
    """One vehicle that reports after GB/T 32960; see `gateway.vehicle_feed.FeedOptions`."""

    slot: Name
    host: Literal["127.0.0.1", "::1"] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 32960
    silent_s: Annotated[float, Field(gt=0)] = 180.0

    @property
    def options(self) -> FeedOptions:
        """As the feed takes it."""
        return FeedOptions(**dict(self))


class ScannerSettings(Settings):
    """A barcode scanner; see `gateway.inputs.ScannerOptions`."""

    device: Path
    kind: Literal["serial", "keyboard"] = "serial"
    slot: str = ""
    source: Literal["scanner", "handheld"] = "scanner"
    baud: Annotated[int, Field(ge=300, le=4_000_000)] = 9600

    @property
    def options(self) -> ScannerOptions:
        """As the reader takes it."""
        return ScannerOptions(**dict(self))
