"""What the check looks at differently while the very gateway runs.

It holds outbox, port and adapters, and that is no fault: it is asked over its local interface
instead, and answers for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.checking.finding import Finding
from gateway.errors import GatewayError
from gateway.settings import GatewaySettings
from gateway.watching import look, url_of
from packtrail.language import Text


def running_view(settings: GatewaySettings) -> dict[str, Any] | None:
    """What the gateway of these settings says of itself, None where it does not run."""
    try:
        view = look(url_of(settings))
    except GatewayError:
        return None
    return view if view.get("gateway") == settings.gateway else None


def tell_running(view: dict[str, Any], settings: GatewaySettings) -> Iterator[Finding]:
    """The parts that a running gateway answers for: itself, outbox, buses, link."""
    faults = [*view["problems"], *view["troubles"]]
    said = "; ".join(faults)
    yield Finding(
        Text("gateway", "网关"),
        Text(f"runs; {said or 'sees no fault'}", f"运行中；{said or '无故障'}"),
        fault=bool(faults),
        remedy=Text("look into its log", "请查看日志") if faults else None,
    )
    counts, path = view["outbox"], settings.outbox.file
    yield Finding(
        Text("outbox", "发件箱"),
        Text(
            f"{path}, {counts['waiting']} wait, {counts['stored']} stored by the bridge",
            f"{path}，待发 {counts['waiting']}，云端已存 {counts['stored']}",
        ),
    )
    yield from (_bus(name, bus) for name, bus in view["buses"].items())
    yield _link(view["uplink"])


def _bus(name: str, bus: dict[str, Any]) -> Finding:
    part = Text(f"bus {name}", f"总线 {name}")
    if not bus["up"]:
        remedy = Text("check that the adapter is plugged in and up", "请确认适配器已连接并启用")
        return Finding(part, Text(bus["problem"], bus["problem"]), fault=True, remedy=remedy)
    lost = bus["dropped"] + bus["overflowed"]
    silent = Text(", silent now", "，目前无报文") if bus["silent"] else Text("", "")
    return Finding(
        part,
        Text(
            f"{bus['frames']} frames, {lost} lost, controller {bus['condition']}{silent.en}",
            f"{bus['frames']} 帧，丢失 {lost}，控制器 {bus['condition']}{silent.zh}",
        ),
        remedy=Text("no pack or no wire", "无电池包或未接线") if bus["silent"] else None,
    )


def _link(uplink: dict[str, Any]) -> Finding:
    part, receipts = Text("link", "链路"), uplink["receipts"]
    if uplink["connected"]:
        said = Text(f"connected, {receipts} receipts", f"已连接，回执 {receipts} 次")
        return Finding(part, said)
    why = uplink["problem"] or "–"
    return Finding(
        part,
        Text(f"not connected: {why}", f"未连接：{why}"),
        remedy=Text(
            "records wait in the outbox; see what the broker says below",
            "记录保留在发件箱中；原因见下方消息代理一项",
        ),
    )
