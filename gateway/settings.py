"""The gateway's settings: one TOML file, see `sample.toml` beside this module.

A file enters, a checked frozen value leaves; all its faults are told at once. What refers to
something else in the file (a slot to its bus) is checked here; what refers to the world
(adapters, brokers, keys) by `packtrail gateway check`.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import can
from pydantic import AfterValidator, Field, model_validator

from gateway.alarms.output_settings import OutputSettings
from gateway.bus import BusOptions
from gateway.bus.state import WIRELESS, listen_only_of
from gateway.enrolment import Paths
from gateway.identify import UdsOptions
from gateway.inputs import ScannerOptions, StationMqttOptions
from gateway.outbox import OutboxOptions
from gateway.pipeline import SamplingRule, SlotRule
from gateway.uplink import Broker, Tls
from gateway.vehicle_feed import FeedOptions
from packtrail.errors import PacktrailError, SettingsError
from packtrail.event import UnitRef
from packtrail.language import Text
from packtrail.settings import Settings, SettingsPath, secret
from packtrail.signing import VerifyKey
from packtrail.topics import GATEWAY_ID
from soh_model import PackSpec

Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^/\x00-\x1f]+$")]


def _public_key(text: str) -> str:
    try:
        VerifyKey.from_text(text)
    except PacktrailError as error:
        raise ValueError(error.describe()) from error
    return text


def _interface(name: str) -> str:
    if name not in can.VALID_INTERFACES:
        told = Text("{name!r} is none of {known}", "{name!r} 不在可用接口之列：{known}")
        raise ValueError(told.say(name=name, known=", ".join(sorted(can.VALID_INTERFACES))))
    return name


class KeySettings(Settings):
    """The gateway's private key."""

    file: SettingsPath = Path("gateway.key")


class OutboxSettings(Settings):
    """Where records wait."""

    file: SettingsPath = Path("outbox.db")
    quota_mb: Annotated[int, Field(ge=1, le=1_000_000)] = 2000

    @property
    def options(self) -> OutboxOptions:
        """As the outbox takes them."""
        return OutboxOptions(quota_bytes=self.quota_mb * 1_000_000)


class TlsSettings(Settings):
    """TLS to the broker."""

    ca_file: SettingsPath | None = None
    certificate_file: SettingsPath | None = None
    key_file: SettingsPath | None = None


class BrokerSettings(Settings):
    """The MQTT broker."""

    host: Name
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    protocol: Literal["5", "3.1.1"] = "5"
    username: str = ""
    password_env: str = ""
    keepalive_s: Annotated[int, Field(ge=5, le=3600)] = 30
    tls: TlsSettings | None = None
    window: Annotated[int, Field(ge=2, le=1024)] = 64
    resend_after_s: Annotated[float, Field(ge=0.1, le=3600)] = 10.0
    daily_mb: Annotated[float, Field(ge=0, le=1_000_000)] = 0.0

    def broker(self, gateway: str) -> Broker:
        """As the uplink takes it, with the password from the environment.

        Raises:
            PacktrailError: the environment variable is not set.
        """
        return Broker(
            host=self.host,
            port=self.port,
            version=self.protocol,
            client_id=f"packtrail-{gateway}",
            username=self.username,
            password=secret(self.password_env) if self.password_env else "",
            keepalive_s=self.keepalive_s,
            tls=Tls(**dict(self.tls)) if self.tls else None,
        )


class BridgeSettings(Settings):
    """The bridge whose receipts are believed, and where it renews our certificate."""

    public_key: Annotated[str, AfterValidator(_public_key)]
    url: str = ""

    @property
    def key(self) -> VerifyKey:
        """As the uplink takes it."""
        return VerifyKey.from_text(self.public_key)


class BusSettings(Settings):
    """One CAN bus; see `gateway.bus.BusOptions`."""

    name: Name
    interface: Annotated[str, AfterValidator(_interface)]
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
    interface: Annotated[str, AfterValidator(_interface)]
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


class SamplingSettings(Settings):
    """When samples are taken; see `gateway.pipeline.SamplingRule`."""

    active_s: Annotated[float, Field(gt=0, le=3600)] = 1.0
    rest_s: Annotated[float, Field(gt=0, le=3600)] = 60.0
    flowing_a: Annotated[float, Field(gt=0)] = 1.0
    chunk_s: Annotated[float, Field(gt=0, le=3600)] = 60.0
    look_s: Annotated[float, Field(gt=0, le=0.25)] = 0.2
    max_age_s: Annotated[float, Field(gt=0)] = 300.0


class BindingSettings(Settings):
    """How packs are recognised."""

    controller: bool = True
    confirm: bool = True
    unread_s: Annotated[float, Field(gt=0)] = 30.0


class AlarmSettings(Settings):
    """Limits of one's own, local outputs, and the folder of close-ups."""

    file: SettingsPath | None = None
    output: tuple[OutputSettings, ...] = ()
    closeups: SettingsPath | None = None


class HealthSettings(Settings):
    """Estimates on the edge."""

    enabled: bool = True
    rest_s: Annotated[float, Field(ge=100)] = 900.0
    timeout_s: Annotated[float, Field(gt=0)] = 120.0


class LocalApiSettings(Settings):
    """The local interface, on loopback only."""

    host: Literal["127.0.0.1", "::1"] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8470
    socket: SettingsPath | None = None


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


class StationMqttSettings(Settings):
    """The station's own broker, where its controller publishes what it does."""

    host: Name
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    prefix: Annotated[str, Field(pattern=r"^[^+#\x00/][^+#\x00]{0,62}[^+#\x00/]$")] = "station"
    username: str = ""
    password_env: str = ""

    @property
    def options(self) -> StationMqttOptions:
        """As the listener takes it, with the password from the environment.

        Raises:
            PacktrailError: the environment variable is not set.
        """
        password = secret(self.password_env) if self.password_env else ""
        return StationMqttOptions(self.host, self.port, self.prefix, self.username, password)


class PackModelSettings(Settings):
    """A type of pack, for every code that begins with `prefix`."""

    prefix: Annotated[str, Field(min_length=1, max_length=24)]
    chemistry: Name
    rated_ah: Annotated[float, Field(gt=0, lt=5000)]
    cells_in_series: Annotated[int, Field(gt=0, le=1024)]
    certified_energy_kwh: Annotated[float, Field(gt=0)] | None = None
    spec_file: SettingsPath | None = None

    @model_validator(mode="after")
    def _describes_a_pack(self) -> Self:
        if not self.spec_file:
            try:
                _ = self.spec
            except SettingsError as error:
                raise ValueError("; ".join(error.faults)) from error
        return self

    @property
    def spec(self) -> PackSpec:
        """As the estimator takes it; a file of curves goes before."""
        if self.spec_file:
            return PackSpec.load(self.spec_file)
        return PackSpec(
            chemistry=self.chemistry,
            rated_ah=self.rated_ah,
            cells_in_series=self.cells_in_series,
            certified_energy_kwh=self.certified_energy_kwh,
        )


class GatewaySettings(Settings):
    """A gateway."""

    gateway: Annotated[str, Field(pattern=f"^{GATEWAY_ID}$")]
    site: Name
    key: KeySettings
    outbox: OutboxSettings
    broker: BrokerSettings
    bridge: BridgeSettings
    bus: tuple[BusSettings, ...] = ()
    slot: tuple[SlotSettings, ...] = ()
    vehicle_feed: tuple[VehicleFeedSettings, ...] = ()
    sampling: SamplingSettings = SamplingSettings()
    binding: BindingSettings = BindingSettings()
    alarms: AlarmSettings = AlarmSettings()
    health: HealthSettings = HealthSettings()
    local_api: LocalApiSettings = LocalApiSettings()
    scanner: tuple[ScannerSettings, ...] = ()
    station_mqtt: StationMqttSettings | None = None
    pack_model: tuple[PackModelSettings, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, content: Any) -> Any:
        """Tables left out are read as empty, so that their paths are beside the file too."""
        return {"key": {}, "outbox": {}} | content if isinstance(content, dict) else content

    @model_validator(mode="after")
    def _refers_to_what_exists(self) -> Self:
        buses, slots = [bus.name for bus in self.bus], [slot.name for slot in self.slot]
        feeds = [feed.slot for feed in self.vehicle_feed]
        faults = [f"bus {name!r} is named twice" for name in _doubles(buses)]
        faults += [f"slot {name!r} is named twice" for name in _doubles(slots)]
        faults += [
            f"slot {slot.name!r} names the bus {slot.bus!r}, which is not there"
            for slot in self.slot
            if slot.bus and slot.bus not in buses
        ]
        faults += [
            f"slot {slot.name!r} has neither a bus nor a vehicle feed"
            for slot in self.slot
            if not slot.bus and slot.name not in feeds
        ]
        faults += [f"slot {name!r} has two vehicle feeds" for name in _doubles(feeds)]
        faults += [
            f"the vehicle feed names the slot {name!r}, which is not there"
            for name in feeds
            if name not in slots
        ]
        faults += [
            f"scanner {str(scanner.device)!r} names the slot {scanner.slot!r}, which is not there"
            for scanner in self.scanner
            if scanner.slot and scanner.slot not in slots
        ]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def certificate_paths(self) -> Paths | None:
        """Where key and certificates for the broker lie; None where the settings name none."""
        tls = self.broker.tls
        if tls is None or not (tls.key_file and tls.certificate_file and tls.ca_file):
            return None
        return Paths(tls.key_file, tls.certificate_file, tls.ca_file)

    @property
    def evses(self) -> dict[int, str]:
        """OCPP's EVSE numbers -> slots: as set, else a slot whose name is the number."""
        named = {int(slot.name): slot.name for slot in self.slot if slot.name.isdecimal()}
        return named | {slot.evse: slot.name for slot in self.slot if slot.evse is not None}

    @property
    def closeups(self) -> Path:
        """Where close-ups of alarms lie."""
        return self.alarms.closeups or self.outbox.file.parent / "closeups"

    @property
    def slot_rule(self) -> SlotRule:
        """As slots take it."""
        sampling = self.sampling
        rule = SamplingRule(sampling.active_s, sampling.rest_s, sampling.flowing_a, sampling.look_s)
        return SlotRule(rule, sampling.chunk_s, self.health.rest_s)

    def find_spec(self, unit: UnitRef) -> PackSpec | None:
        """The type of a pack, by the longest prefix that fits its code."""
        fitting = [model for model in self.pack_model if unit.id.startswith(model.prefix)]
        if not fitting or not self.health.enabled:
            return None
        return max(fitting, key=lambda model: len(model.prefix)).spec


def sample_path() -> Path:
    """The sample that comes with the gateway and that the tests run."""
    return Path(str(files("gateway") / "sample.toml"))


def _doubles(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})
