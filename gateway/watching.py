"""`packtrail gateway watch`: a running gateway's slots in a terminal, 80 columns and 24 lines.

It asks the local interface of the gateway that the settings describe, once a second, and draws
what it says; Ctrl-C ends it.
"""

from __future__ import annotations

import io
import time
import urllib.request
from typing import Any, Final

import msgspec
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text as Styled

from gateway.errors import GatewayError
from gateway.local_api.words import KINDS, STATES
from gateway.settings import GatewaySettings
from packtrail.language import Text
from packtrail.shapes import from_json

PAUSE_S: Final = 1.0
WAIT_S: Final = 5.0
WIDE: Final = 100
HOT_C: Final = 50.0
_STATE: Final = Text("state", "状态")
_HEADS: Final = (
    Text("slot", "仓位"),
    Text("pack", "电池包"),
    _STATE,
    Text("SOC", "SOC"),
    Text("A", "电流A"),
    Text("spread V", "压差V"),
    Text("°C", "°C"),
    Text("SoH %", "健康度%"),
)


def watch(settings: GatewaySettings, *, once: bool = False) -> int:
    """Draw until Ctrl-C, or one picture.

    Raises:
        GatewayError: no gateway answers there.
    """
    console = Console()
    url = url_of(settings)
    first = draw(look(url), console.width, console.height)
    if once:
        console.print(first)
        return 0
    with Live(first, console=console, screen=console.is_terminal, auto_refresh=False) as live:
        while True:
            time.sleep(PAUSE_S)
            live.update(_latest(url, console), refresh=True)


def look(url: str) -> dict[str, Any]:
    """What the gateway says of itself now.

    Raises:
        GatewayError: it does not answer.
    """
    try:
        with urllib.request.urlopen(f"{url}/v1/station", timeout=WAIT_S) as answer:  # noqa: S310 - loopback
            return from_json(answer.read(), dict[str, Any])
    except (OSError, msgspec.DecodeError) as error:
        raise GatewayError(
            Text("no gateway answers here", "此处没有网关应答"),
            where=url,
            hint=Text("start it: packtrail gateway run", "请先运行 packtrail gateway run"),
            retryable=True,
        ) from error


def draw(view: dict[str, Any], width: int, height: int) -> RenderableType:
    """One picture; slots that find no line are counted in the last one."""
    head = _head(view)
    lines = _lines(head, width)
    room = max(1, height - lines - 3)
    slots: list[dict[str, Any]] = view["slots"]
    shown = slots if len(slots) <= room else slots[: room - 1]
    table = Table(box=None, expand=True, padding=(0, 1), header_style="dim")
    for title in _HEADS:
        wide = title is _STATE
        table.add_column(title.say(), ratio=1 if wide else None, no_wrap=True, overflow="ellipsis")
    for slot in shown:
        table.add_row(*_row(slot, full=width >= WIDE))
    left = len(slots) - len(shown)
    more = Text("{n} more slots: make the terminal taller", "另有 {n} 个仓位，请调高终端")
    return Group(head, table, *([Styled(f" {more.say(n=left)}", style="dim")] if left else []))


def _latest(url: str, console: Console) -> RenderableType:
    try:
        return draw(look(url), console.width, console.height)
    except GatewayError as error:
        return Styled(error.describe(), style="bold red")


def url_of(settings: GatewaySettings) -> str:
    """Where the gateway of these settings answers."""
    host = settings.local_api.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.local_api.port}"


def _head(view: dict[str, Any]) -> Styled:
    uplink, outbox = view["uplink"], view["outbox"]
    head = Styled(f" {view['site']} · {view['gateway']}  ", style="bold")
    connected = Text("connected", "已连接") if uplink["connected"] else Text("no link", "未连接")
    head.append(connected.say(), style="green" if uplink["connected"] else "bold red")
    told = Text(
        "{waiting} in the outbox, {stored} stored", "发件箱待发 {waiting}，云端已存 {stored}"
    )
    head.append(f"  {told.say(waiting=outbox['waiting'], stored=outbox['stored'])}", style="cyan")
    faults = [
        *view["problems"],
        *view["troubles"],
        *([uplink["problem"]] * bool(uplink["problem"])),
    ]
    faults += [f"{name}: {bus['problem']}" for name, bus in view["buses"].items() if bus["problem"]]
    for fault in faults:
        head.append(f"\n ! {fault}", style="bold red")
    return head


def _row(slot: dict[str, Any], *, full: bool) -> list[Styled]:
    code = slot["code"]
    short = code if full or len(code) <= 12 else f"{code[:3]}…{code[-7:]}"
    hot = (slot["temperature_c"] or 0) >= HOT_C
    return [
        Styled(slot["name"]),
        Styled(short or "–"),
        _state(slot),
        Styled(_number(slot["soc_pct"], "{:.0f} %")),
        Styled(_number(slot["current_a"], "{:z.0f}")),
        Styled(_number(slot["spread_v"], "{:.3f}")),
        Styled(_number(slot["temperature_c"], "{:z.0f}"), style="bold red" if hot else ""),
        Styled(_health(slot["soh"])),
    ]


def _state(slot: dict[str, Any]) -> Styled:
    """What is wrong with the pack, else whether it is known."""
    kinds = [KINDS.get(one["kind"], Text(one["kind"], one["kind"])).say() for one in slot["alarms"]]
    if kinds:
        return Styled(", ".join(kinds), style="bold red")
    styles = {"bound": "green", "empty": "dim"}
    name = STATES.get(slot["state"], STATES["waiting"]).say()
    return Styled(name, style=styles.get(slot["state"], "yellow"))


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def _health(soh: dict[str, float] | None) -> str:
    """Never a value without its interval."""
    if soh is None:
        return "–"
    return f"{soh['value'] * 100:.0f} ({soh['low'] * 100:.0f}-{soh['high'] * 100:.0f})"


def _lines(part: RenderableType, width: int) -> int:
    return len(Console(width=width, file=io.StringIO()).render_lines(part))
