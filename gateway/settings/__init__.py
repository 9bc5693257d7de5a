"""The gateway's settings: one TOML file, see `gateway/sample.toml`.

A file enters, a checked frozen value leaves; all its faults are told at once. What refers to
something else in the file (a slot to its bus) is checked here; what refers to the world
(adapters, brokers, keys) by `packtrail gateway check`.
"""

from __future__ import annotations

from gateway.settings.readings import AlarmSettings, BindingSettings, PackModelSettings
from gateway.settings.sources import BusSettings, SlotSettings
from gateway.settings.whole import GatewaySettings, sample_path

__all__ = [
    "AlarmSettings",
    "BindingSettings",
    "BusSettings",
    "GatewaySettings",
    "PackModelSettings",
    "SlotSettings",
    "sample_path",
]
