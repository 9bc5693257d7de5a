"""The whole file, and what its tables mean together."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from gateway.enrolment import Paths
from gateway.pipeline import SamplingRule, SlotRule
from gateway.settings.links import (
    BridgeSettings,
    BrokerSettings,
    KeySettings,
    LocalApiSettings,
    OutboxSettings,
    StationMqttSettings,
)
from gateway.settings.names import Name
from gateway.settings.readings import (
    AlarmSettings,
    BindingSettings,
    HealthSettings,
    PackModelSettings,
    SamplingSettings,
)
from gateway.settings.references import find_dangling, find_doubles
from gateway.settings.sources import BusSettings, ScannerSettings, SlotSettings, VehicleFeedSettings
from packtrail.event import UnitRef
from packtrail.settings import Settings
from packtrail.topics import GATEWAY_ID
from soh_model import PackSpec


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
        faults = [*find_doubles(self), *find_dangling(self)]
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
