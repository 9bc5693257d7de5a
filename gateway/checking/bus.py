"""What a bus tells in two seconds: adapters, identifiers, rates, and which profile knows them.

Error frames without a single good one mean a wrong bit rate, on adapters that report them;
where that disturbs nobody, a silent bus is listened to at other rates.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

from gateway.bus import BusOptions, batch_of
from gateway.checking.finding import Finding
from gateway.checking.hearing import Heard, listen
from gateway.checking.probe import can_probe, listens_only, probe
from gateway.listening import make_listener
from gateway.settings import GatewaySettings, SlotSettings
from packtrail.language import Text

HEAR_S: Final = 2.0
SHOWN: Final = 8
_CAN_TYPE: Final = "280"
"""ARPHRD_CAN in /sys/class/net/*/type."""


def check_bus(options: BusOptions, settings: GatewaySettings) -> Finding:
    """Listen for a while: which identifiers speak, and whether a slot's profile knows them."""
    part = Text(f"bus {options.name}", f"总线 {options.name}")
    if options.interface == "socketcan" and options.listen_only and not listens_only(options):
        return _acknowledges(part, options)
    try:
        with options.open() as bus:
            heard = listen(bus, HEAR_S)
    except Exception as error:  # noqa: BLE001 - adapters raise what they like
        return _cannot_open(part, options, error)
    return judge_bus(part, options, heard, settings)


def judge_bus(part: Text, options: BusOptions, heard: Heard, settings: GatewaySettings) -> Finding:
    """What was heard as a finding with its remedy."""
    name = _name(options, heard)
    if heard.frames:
        return _judge_frames(part, name, options, heard, settings)
    if can_probe(options) and (found := probe(options)):
        return _other_rate(part, name, *found)
    if heard.errors:
        return Finding(
            part,
            Text(
                f"{name.en}: {heard.errors} error frames and nothing else",
                f"{name.zh}：仅收到 {heard.errors} 个错误帧",
            ),
            fault=True,
            remedy=Text("set another bitrate, check the wiring", "请更换 bitrate 并检查接线"),
        )
    tried = can_probe(options)
    return Finding(
        part,
        Text(
            f"{name.en}: open, but silent for {heard.seconds:.0f} s" + ", at any bit rate" * tried,
            f"{name.zh}：已打开，但无报文" + "（已尝试各种波特率）" * tried,
        ),
        remedy=Text("no pack or no wire", "无电池包或未接线")
        if tried
        else Text("no pack, wrong bit rate or no wire", "无电池包、波特率错误或未接线"),
    )


def _name(options: BusOptions, heard: Heard) -> Text:
    """Adapter, channel, rate, and whether it leaves acknowledging to others."""
    rate = heard.bitrate or options.bitrate or system_bitrate(options.channel)
    name = f"{options.interface} {options.channel}" + (f", {rate // 1000} kbit/s" if rate else "")
    match listens_only(options):
        case None:
            return Text(name, name)
        case True:
            return Text(f"{name}, listen-only", f"{name}，只听")
        case False:
            return Text(f"{name}, acknowledges", f"{name}，参与应答")


def _other_rate(part: Text, name: Text, rate: int, heard: Heard) -> Finding:
    said = _identifiers(heard)
    return Finding(
        part,
        Text(
            f"{name.en}: silent, but at {rate} bit/s there is {said}",
            f"{name.zh}：无报文，但在 {rate} bit/s 下收到 {said}",
        ),
        fault=True,
        remedy=Text(f"set bitrate = {rate}", f"请设置 bitrate = {rate}"),
    )


def _acknowledges(part: Text, options: BusOptions) -> Finding:
    channel = options.channel
    command = f"ip link set {channel} type can listen-only on"
    return Finding(
        part,
        Text(
            f"socketcan {channel}: listen_only is set, but the system does not listen only",
            f"socketcan {channel}：已设置 listen_only，但系统未处于只听模式",
        ),
        fault=True,
        remedy=Text(f"take it down, then: {command}", f"停用接口后执行：{command}"),
    )


def _cannot_open(part: Text, options: BusOptions, error: Exception) -> Finding:
    name = f"{options.interface} {options.channel}"
    found = f", found: {found_adapters()}" if found_adapters() else ""
    return Finding(
        part,
        Text(f"{name}: {error}{found}", f"{name}：{error}{found}"),
        fault=True,
        remedy=Text(
            "check interface, channel and that the adapter is plugged in and up",
            "请检查 interface、channel，并确认适配器已连接并启用",
        ),
    )


def _judge_frames(
    part: Text, name: Text, options: BusOptions, heard: Heard, settings: GatewaySettings
) -> Finding:
    said = f"{name.en}: {len(heard.frames) / heard.seconds:.0f} frames/s, {_identifiers(heard)}"
    chinese = f"{name.zh}：{len(heard.frames) / heard.seconds:.0f} 帧/秒，{_identifiers(heard)}"
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
