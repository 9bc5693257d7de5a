"""Where frames go: python-can buses, one per slot, or a candump log file.

Timed frames enter. The virtual bus keeps their station times (`preserve_timestamps`); on
SocketCAN and UDP multicast the receiver stamps them. A bus that cannot be opened says so.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self, TextIO

import can

from packtrail.errors import reason_of, remedy_of
from packtrail.language import Text
from packtrail.times import NS_PER_S
from simulators.broadcast import TimedFrame
from simulators.errors import SimulationError

MULTICAST_PORT: Final = 43113
FD_MARK: Final = "##1"
"""What candump writes before a CAN FD payload sent with the rate switch."""
LOG_KINDS: Final = (".log", ".blf", ".asc", ".mf4")
"""Log files that can be written, by what their names end in."""


class FrameSink(Protocol):
    """Takes frames."""

    def send(self, timed: TimedFrame) -> None:
        """Take one frame."""
        ...

    def close(self) -> None:
        """Take no more."""
        ...


class SlotBuses:
    """One python-can bus for each slot.

    Args:
        interface: of python-can, such as `virtual`, `socketcan`, `udp_multicast`.
        channel: with `{slot}` where the slot's number goes.
        slots: their numbers.

    Raises:
        SimulationError: the interface or the channel cannot be opened.
    """

    def __init__(self, interface: str, channel: str, slots: list[str]) -> None:
        self._buses: dict[str, can.BusABC] = {}
        try:
            for slot in slots:
                self._buses[slot] = can.Bus(**bus_arguments(interface, channel, slot))
        except (can.CanError, OSError, NotImplementedError) as error:
            self.close()
            raise SimulationError(
                Text("the bus cannot be opened: {why}", "无法打开总线：{why}").fill(why=error),
                where=f"{interface} {channel.format(slot=slot)}",
                hint=Text(
                    "see `interface` and `channel` in [bus]", "检查 [bus] 的 interface 与 channel"
                ),
                retryable=True,
            ) from error

    def send(self, timed: TimedFrame) -> None:
        """Send one frame on its slot's bus."""
        self._buses[timed.slot].send(_message(timed))

    def close(self) -> None:
        """Shut every bus down."""
        for bus in self._buses.values():
            bus.shutdown()


class CandumpFile:
    """A log as `candump -l` writes it; the channel is the slot's.

    Args:
        path: written anew.
        channel: with `{slot}` where the slot's number goes.
    """

    def __init__(self, path: Path, channel: str) -> None:
        try:
            self._file: TextIO = path.open("w", encoding="ascii", newline="\n")
        except OSError as error:
            raise SimulationError(
                reason_of(error), where=str(path), hint=remedy_of(error)
            ) from error
        self._channel = channel

    def send(self, timed: TimedFrame) -> None:
        """Write one line."""
        seconds, nanoseconds = divmod(timed.t_ns, NS_PER_S)
        frame = timed.frame
        name = f"{frame.frame_id:08X}" if frame.extended else f"{frame.frame_id:03X}"
        name += FD_MARK if frame.fd else "#"
        channel = self._channel.format(slot=timed.slot)
        stamp = f"{seconds}.{nanoseconds // 1000:06d}"
        self._file.write(f"({stamp}) {channel} {name}{frame.data.hex().upper()}\n")

    def close(self) -> None:
        """Write what is left."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class LogFile:
    """A log in a format of python-can: Vector BLF or ASC, ASAM MF4. Slots become channels.

    Args:
        path: written anew; its name's end says the format.
        slots: names, in the order of their channel numbers.

    Raises:
        SimulationError: the file cannot be made, or MF4 without asammdf.
    """

    def __init__(self, path: Path, slots: list[str]) -> None:
        try:
            path.unlink(missing_ok=True)
            self._writer = can.Logger(str(path))
        except OSError as error:
            raise SimulationError(
                reason_of(error), where=str(path), hint=remedy_of(error)
            ) from error
        except (ValueError, ImportError, NotImplementedError) as error:
            raise SimulationError(
                str(error), where=str(path), hint="pip install 'packtrail[formats]'"
            ) from error
        self._channels = {slot: number for number, slot in enumerate(slots)}

    def send(self, timed: TimedFrame) -> None:
        """Write one frame."""
        self._writer.on_message_received(_message(timed, self._channels[timed.slot]))

    def close(self) -> None:
        """Write what is left."""
        self._writer.stop()


def open_log(path: Path, channel: str, slots: list[str]) -> CandumpFile | LogFile:
    """A log file whose format is that of its name.

    Args:
        path: `.log` (candump), `.blf`, `.asc` or `.mf4`.
        channel: with `{slot}`, for candump's interface names.
        slots: names of the slots.

    Raises:
        SimulationError: another format, or the file cannot be made.
    """
    kind = path.suffix.lower()
    if kind not in LOG_KINDS:
        raise SimulationError(
            Text("no format for this name", "无法由文件名确定格式"),
            where=str(path),
            hint=Text(f"end it in {', '.join(LOG_KINDS)}", f"请以 {'、'.join(LOG_KINDS)} 结尾"),
        )
    return CandumpFile(path, channel) if kind == ".log" else LogFile(path, slots)


def _message(timed: TimedFrame, channel: int | None = None) -> can.Message:
    frame = timed.frame
    return can.Message(
        timestamp=timed.t_ns / NS_PER_S,
        arbitration_id=frame.frame_id,
        is_extended_id=frame.extended,
        is_fd=frame.fd,
        bitrate_switch=frame.fd,
        data=frame.data,
        channel=channel,
        is_rx=True,
    )


def bus_arguments(interface: str, channel: str, slot: str) -> dict[str, Any]:
    """What python-can is asked for, its own configuration files left aside.

    A multicast group alone does not part two buses of one computer, so each slot has a port of
    its own: 43113, python-can's usual one, plus the slot's number.
    """
    arguments: dict[str, Any] = {
        "interface": interface,
        "channel": channel.format(slot=slot),
        "ignore_config": True,
    }
    if interface == "virtual":
        arguments["preserve_timestamps"] = True
    if interface == "socketcan":
        arguments["fd"] = True
    if interface == "udp_multicast":
        arguments["port"] = MULTICAST_PORT + int(slot)
    return arguments
