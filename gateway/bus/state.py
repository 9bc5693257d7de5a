"""What is known of a bus while it is read: options in, condition and counts out."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from can_decoder import IdFilter
from gateway.bus.python_can import can
from packtrail.errors import PacktrailError
from packtrail.language import Text

LISTEN_ONLY: Final[dict[str, dict[str, Any]]] = {
    "kvaser": {"driver_mode": False},
    "nixnet": {"listen_only": True},
    "pcan": {"state": can.BusState.PASSIVE},
    "slcan": {"listen_only": True},
    "systec": {"state": can.BusState.PASSIVE},
    "vector": {"listen_only": True},
}
"""How python-can's adapters are told to acknowledge nothing. SocketCAN is told by the system
(`ip link set can0 type can listen-only on`); the software buses have no wire to acknowledge on."""
WIRELESS: Final = frozenset({"socketcan", "udp_multicast", "virtual"})


class Condition(StrEnum):
    """Fault confinement of the controller (ISO 11898-1, clause 12)."""

    ACTIVE = "active"
    WARNING = "warning"
    PASSIVE = "passive"
    BUS_OFF = "bus_off"


@dataclass(frozen=True, slots=True)
class BusOptions:
    """One bus as it is opened.

    Attributes:
        name: ours, as slots refer to it.
        interface: python-can's name of the adapter: socketcan, pcan, kvaser, virtual ...
        channel: the adapter's name of the bus.
        bitrate: bit/s, None where the system has set it.
        data_bitrate: bit/s of the data phase of CAN FD, None where the system has set it.
        fd: whether to expect CAN FD.
        listen_only: whether the adapter must not even acknowledge.
        silent_s: seconds without a frame after which the bus counts as silent.
        reader: `packtrail` reads SocketCAN by our own reader, `python-can` by python-can's.
        filters: what to take, None for everything; SocketCAN's kernel applies them.
        extra: further arguments of the interface.
    """

    name: str
    interface: str
    channel: str
    bitrate: int | None = None
    data_bitrate: int | None = None
    fd: bool = False
    listen_only: bool = False
    silent_s: float = 10.0
    reader: str = "packtrail"
    filters: tuple[IdFilter, ...] | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def open(self) -> can.BusABC:
        """Open it through python-can, without python-can's own configuration files.

        Raises:
            PacktrailError: the adapter has no listen-only mode.
        """
        given: dict[str, Any] = dict(self.extra)
        if self.bitrate:
            given["bitrate"] = self.bitrate
        if self.data_bitrate:
            given["data_bitrate"] = self.data_bitrate
        if self.fd:
            given["fd"] = True
        if self.listen_only and self.interface not in WIRELESS:
            given |= listen_only_of(self.interface)
        return can.Bus(interface=self.interface, channel=self.channel, ignore_config=True, **given)


def listen_only_of(interface: str) -> dict[str, Any]:
    """The arguments that make an adapter listen only.

    Raises:
        PacktrailError: it has no such mode in python-can.
    """
    if interface not in LISTEN_ONLY:
        raise PacktrailError(
            Text(
                f"python-can knows no listen-only mode of {interface!r}",
                f"python-can 中 {interface!r} 没有只听模式",
            ),
            hint=Text(
                "leave listen_only out (nothing is ever sent, only acknowledged), or use one of "
                f"{', '.join(sorted(LISTEN_ONLY))}, socketcan",
                "请去掉 listen_only（网关从不发送，仅有应答位），或改用 "
                f"{', '.join(sorted(LISTEN_ONLY))}、socketcan",
            ),
        )
    return LISTEN_ONLY[interface]


@dataclass(frozen=True, slots=True)
class BusState:
    """What an operator sees of a bus.

    Attributes:
        up: whether the adapter is open.
        silent: whether nothing was heard for a while.
        frames: data frames heard.
        dropped: of these, lost because the pipeline was too far behind.
        overflowed: frames that the kernel dropped before they were read.
        error_frames: error frames heard.
        bus_offs: how often the controller went bus-off.
        restarts: how often the adapter had to be opened again.
        condition: fault confinement as far as error frames or the adapter tell.
        problem: why it is not up, or what is wrong with it.
    """

    up: bool = False
    silent: bool = False
    frames: int = 0
    dropped: int = 0
    overflowed: int = 0
    error_frames: int = 0
    bus_offs: int = 0
    restarts: int = 0
    condition: Condition = Condition.ACTIVE
    problem: str = ""
