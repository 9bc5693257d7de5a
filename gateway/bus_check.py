"""What a bus tells in two seconds: adapters, identifiers, rates, and which profile knows them.

Listens only. Error frames without a single good one mean a wrong bit rate, on adapters that
report them.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.bus import BusOptions, Frame, batch_of
from gateway.bus.python_can import can
from gateway.finding import Finding
from gateway.listening import make_listener
from gateway.settings import GatewaySettings, SlotSettings
from packtrail.language import Text

SHOWN: Final = 8
MOST_FRAMES: Final = 20_000
_CAN_TYPE: Final = "280"
"""ARPHRD_CAN in /sys/class/net/*/type."""


@dataclass(slots=True)
class Heard:
    """What was heard."""

    seconds: float = 0.0
    frames: list[Frame] = field(default_factory=list)
    errors: int = 0
    bitrate: int | None = None


def listen(bus: can.BusABC, seconds: float) -> Heard:
    """Listen for so long."""
    heard, begun = Heard(bitrate=getattr(bus, "bitrate", None)), time.monotonic()
    while (left_s := begun + seconds - time.monotonic()) > 0 and len(heard.frames) < MOST_FRAMES:
        message = bus.recv(left_s)
        if message is None:
            continue
        if message.is_error_frame:
            heard.errors += 1
        elif not message.is_remote_frame:
            extended, data = message.is_extended_id, bytes(message.data)
            heard.frames.append(Frame(time.time_ns(), message.arbitration_id, extended, data))
    heard.seconds = time.monotonic() - begun
    return heard


def judge_bus(part: Text, options: BusOptions, heard: Heard, settings: GatewaySettings) -> Finding:
    """What was heard as a finding with its remedy."""
    name = f"{options.interface} {options.channel}"
    rate = heard.bitrate or options.bitrate or system_bitrate(options.channel)
    name += f", {rate // 1000} kbit/s" if rate else ""
    if not heard.frames and heard.errors:
        return Finding(
            part,
            Text(
                f"{name}: {heard.errors} error frames and nothing else",
                f"{name}：仅收到 {heard.errors} 个错误帧",
            ),
            fault=True,
            remedy=Text("set another bitrate, check the wiring", "请更换 bitrate 并检查接线"),
        )
    if not heard.frames:
        return Finding(
            part,
            Text(
                f"{name}: open, but silent for {heard.seconds:.0f} s", f"{name}：已打开，但无报文"
            ),
            remedy=Text("no pack, wrong bit rate or no wire", "无电池包、波特率错误或未接线"),
        )
    return _judge_frames(part, name, options, heard, settings)


def _judge_frames(
    part: Text, name: str, options: BusOptions, heard: Heard, settings: GatewaySettings
) -> Finding:
    said = f"{name}: {len(heard.frames) / heard.seconds:.0f} frames/s, {_identifiers(heard)}"
    chinese = f"{name}：{len(heard.frames) / heard.seconds:.0f} 帧/秒，{_identifiers(heard)}"
    slots = [slot for slot in settings.slot if slot.bus == options.name]
    knowing = [slot.name for slot in slots if _understands(slot, settings, heard)]
    if slots and not knowing:
        remedy = Text(
            "the slot's profiles know none of them: choose the vehicle's profile or DBC",
            "该仓位的配置均无法识别，请选择对应车型的配置或 DBC",
        )
        return Finding(part, Text(said, chinese), remedy=remedy)
    match = ", ".join(knowing) or "–"
    return Finding(
        part, Text(f"{said}; profile fits slot {match}", f"{chinese}；与仓位 {match} 的配置相符")
    )


def _identifiers(heard: Heard) -> str:
    """The busiest identifiers with their rates."""
    counts = Counter((frame.frame_id, frame.extended) for frame in heard.frames)
    shown = [
        f"{number:0{8 if extended else 3}X} {count / heard.seconds:.0f}/s"
        for (number, extended), count in counts.most_common(SHOWN)
    ]
    more = len(counts) - len(shown)
    return " ".join(shown) + (f" +{more}" if more > 0 else "")


def _understands(slot: SlotSettings, settings: GatewaySettings, heard: Heard) -> bool:
    listener = make_listener(slot, settings)
    listener.feed(batch_of(heard.frames))
    return listener.decoded > 0


def system_bitrate(channel: str) -> int | None:
    """The bit rate that the system has set for a SocketCAN channel, if it says so."""
    file = Path("/sys/class/net", channel, "can_bittiming", "bitrate")
    try:
        return int(file.read_text("ascii"))
    except (OSError, ValueError):
        return None


def found_adapters() -> str:
    """SocketCAN interfaces of this computer, and serial adapters that may be one."""
    nets = [
        path.parent.name
        for path in sorted(Path("/sys/class/net").glob("*/type"))
        if path.read_text("ascii").strip() == _CAN_TYPE
    ]
    serial = [str(path) for path in sorted(Path("/dev/serial/by-id").glob("*"))]
    return " ".join([*nets, *serial])
