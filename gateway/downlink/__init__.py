"""The way down: named, signed commands of the bridge, and the gateway's questions to it.

Bytes from a broker that nobody trusts enter; what is signed by the bridge, meant for us, fresh
and not yet used is carried out and answered. Everything else is counted and forgotten.
"""

from gateway.downlink.desk import CommandDesk, DownlinkState, Powers
from gateway.downlink.remote_settings import RemoteSettings
from gateway.downlink.vehicles import VehicleAsker

__all__ = ["CommandDesk", "DownlinkState", "Powers", "RemoteSettings", "VehicleAsker"]
