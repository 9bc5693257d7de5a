"""The live panel: slots, the path of records, the newest facts; in the language of the locale."""

from __future__ import annotations

import io
import time
from datetime import UTC, datetime
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text as Styled

from packtrail.event import (
    ConditionCommitted,
    IdentityContested,
    IncidentRecorded,
    SwapPerformed,
)
from packtrail.language import Text
from packtrail.times import NS_PER_S
from simulators.demo.layout import Layout
from simulators.demo.observed import PathSeen, SlotSeen, Snapshot
from simulators.demo.sentences import KINDS

BAR: Final = 10
FLOWING_A: Final = 1.0
LOW_SOC_PCT: Final = 30.0
HOT_C: Final = 50.0
FACTS_SHOWN: Final = 9
WIDE: Final = 110
TALL: Final = 30
"""Lines from which on there is room for the explanation."""
FRAME: Final = 2
STOP_ALARM: Final = "bms_alarm"

_PROBLEMS: Final = {
    "sources_disagree": Text("codes read disagree", "编码读取不一致"),
    "unreadable": Text("label unreadable", "标签无法识读"),
    "unread": Text("no label read yet", "尚未读取标签"),
    "unconfirmed": Text("to be confirmed", "待确认"),
}
_STRANGER: Final = Text("unknown code", "编码未登记")
_STATES: Final = {
    "empty": Text("empty", "空"),
    "waiting": Text("being recognised", "识别中"),
    "contested": Text("contested", "存疑"),
}
_HEADS: Final = (
    Text("slot", "仓位"),
    Text("pack", "电池包"),
    Text("now", "状态"),
    Text("charge", "荷电状态"),
    Text("hottest", "最高温"),
    Text("health", "健康状态"),
    Text("remark", "备注"),
)


class Panels:
    """Draws snapshots.

    Args:
        layout: tells where the pages are.
        speed: station seconds per real second.
    """

    def __init__(self, layout: Layout, speed: float) -> None:
        self._layout, self._speed = layout, speed
        self._begun_s = time.monotonic()

    def draw(self, snapshot: Snapshot, width: int, height: int = TALL) -> Group:
        """One picture, for a terminal of `width` columns and `height` lines.

        What lacks room goes in this order: older facts, then the facts as a whole.
        """
        table = slot_table(snapshot.slots, full_codes=width >= WIDE)
        above: list[RenderableType] = [
            self._head(snapshot, brief=height < TALL),
            Panel(table, border_style="dim", padding=0),
            _path(snapshot.path),
        ]
        foot = self._foot()
        left = height - _lines([*above, foot], width) - FRAME
        if left < 1:
            return Group(*above, foot)
        facts = _facts(snapshot, min(left, FACTS_SHOWN))
        framed = Panel(facts, title=_FACTS.say(), title_align="left", border_style="dim")
        return Group(*above, framed, foot)

    def _head(self, snapshot: Snapshot, *, brief: bool) -> Styled:
        run_s = int(time.monotonic() - self._begun_s)
        title = Styled().append(" packtrail ", style="bold white on blue")
        title.append(f"  {_TITLE.say()}", style="bold")
        if not brief:
            title.append(f"\n {_PURPOSE.say()}", style="dim")
        clock = _CLOCK.say(
            time=format_minute(snapshot.t_ns),
            speed=f"{self._speed:g}",
            run=f"{run_s // 60}:{run_s % 60:02d}",
        )
        return title.append(f"\n {clock}", style="dim")

    def _foot(self) -> Styled:
        foot = Styled(" ")
        for name, url in (
            (_ALL_PACKS, self._layout.bridge_url),
            (_STATION_PAGE, self._layout.gateway_url),
        ):
            foot.append(f"{name.say()} ", style="dim").append(f"{url}/", style="bold cyan")
            foot.append("   ")
        return foot.append(_STOP.say(), style="dim")


def slot_table(slots: tuple[SlotSeen, ...], *, full_codes: bool) -> Table:
    """One line per slot; codes in full where there is room for them."""
    table = Table(box=None, expand=True, padding=(0, 1), header_style="dim")
    *heads, remark = _HEADS
    for head in heads:
        table.add_column(head.say(), no_wrap=True, overflow="ellipsis")
    table.add_column(remark.say(), ratio=1, no_wrap=True, overflow="ellipsis")
    for slot in slots:
        table.add_row(
            slot.name,
            _code(slot, full=full_codes),
            _state(slot),
            _charge(slot),
            _warmth(slot),
            _health(slot),
            _remark(slot),
        )
    return table


def format_minute(t_ns: int) -> str:
    """Station time to the minute."""
    if not t_ns:
        return "–"
    return datetime.fromtimestamp(t_ns / NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M")


def path_line(path: PathSeen) -> str:
    """The way of the records in one line."""
    return _PATH.say(
        frames=f"{path.frames:,}",
        waiting=path.waiting,
        sealed=path.sealed,
        through=path.through,
        receipts=path.receipts,
    )


def _code(slot: SlotSeen, *, full: bool) -> Styled:
    code = slot.code if full else f"{slot.code[:3]}…{slot.code[-7:]}"
    return Styled(code if slot.code else "–", style="" if slot.registered else "yellow")


def _state(slot: SlotSeen) -> Styled:
    if slot.state != "bound":
        style = {"empty": "dim", "waiting": "cyan"}.get(slot.state, "yellow")
        return Styled(_STATES.get(slot.state, _STATES["waiting"]).say(), style=style)
    if slot.current_a is None:
        return Styled("–")
    if slot.current_a > FLOWING_A:
        return Styled(_CHARGES.say(current=f"{slot.current_a:.0f}"), style="green")
    if STOP_ALARM in slot.alarms:
        return Styled(_STOPPED.say(), style="bold red")
    return Styled(_RESTS.say(), style="dim")


def _charge(slot: SlotSeen) -> Styled:
    if slot.soc_pct is None or slot.state == "empty":
        return Styled("")
    full = round(slot.soc_pct / 100.0 * BAR)
    bar = Styled().append("█" * full, style="green" if slot.soc_pct > LOW_SOC_PCT else "yellow")
    bar.append("░" * (BAR - full), style="dim")
    return bar.append(f" {slot.soc_pct:3.0f} %")


def _warmth(slot: SlotSeen) -> Styled:
    if slot.temperature_c is None or slot.state == "empty":
        return Styled("")
    hot = slot.temperature_c >= HOT_C
    return Styled(f"{slot.temperature_c:.1f} °C", style="bold red" if hot else "")


def _health(slot: SlotSeen) -> Styled:
    if slot.soh is None or slot.state == "empty":
        return Styled("")
    value, low, high = (100.0 * part for part in slot.soh)
    return Styled(f"{value:.0f} %").append(f" ({low:.0f}-{high:.0f})", style="dim")


def _remark(slot: SlotSeen) -> Styled:
    remark = Styled()
    if slot.state == "empty":
        return remark
    for kind in slot.alarms:
        remark.append(f"{KINDS.get(kind, Text(kind, kind)).say()} ", style="bold red")
    if slot.problem:
        remark.append(
            _PROBLEMS.get(slot.problem, Text(slot.problem, slot.problem)).say(), style="yellow"
        )
    if not slot.registered:
        remark.append(_STRANGER.say(), style="yellow")
    return remark


def _path(path: PathSeen) -> Styled:
    line = Styled(f" {path_line(path)}", style="cyan")
    for fault in path.faults:
        line.append(f"\n ! {fault}", style="bold red")
    return line


def _facts(snapshot: Snapshot, count: int) -> Styled:
    lines = Styled(no_wrap=True, overflow="ellipsis")
    for number, fact in enumerate(snapshot.newest[-count:]):
        lines.append("\n" if number else "")
        lines.append(f"{format_minute(fact.event.to_ns)}  ", style="dim")
        lines.append(fact.sentence.say(), style=_STYLES.get(type(fact.event.body), ""))
    return lines


def _lines(parts: list[RenderableType], width: int) -> int:
    """How many lines these take on a terminal of `width` columns."""
    paper = Console(width=width, file=io.StringIO())
    return sum(len(paper.render_lines(part)) for part in parts)


_STYLES: Final = {
    ConditionCommitted: "green",
    IncidentRecorded: "red",
    SwapPerformed: "cyan",
    IdentityContested: "yellow",
}
_TITLE: Final = Text(
    "a simulated swap station, from the CAN frame to the pack's digital ID",
    "模拟换电站：从 CAN 报文到电池数字身份证",
)
_PURPOSE: Final = Text(
    "Packs are recognised by their codes; what their BMS say becomes signed records; the bridge "
    "keeps each once and folds them into IDs.",
    "按编码识别电池包，BMS 数据成为签名记录，云桥逐条只存一次，并汇成每个电池包的数字身份证。",
)
_CLOCK: Final = Text(
    "station time {time} UTC, {speed} x real time; running for {run}",
    "站内时间 {time} UTC，{speed} 倍速；已运行 {run}",
)
_PATH: Final = Text(
    "{frames} CAN frames > {sealed} signed records, {waiting} in the outbox > "
    "{through} stored by the bridge ({receipts} receipts)",
    "{frames} 帧 CAN 报文 > {sealed} 条签名记录，发件箱待发 {waiting} > "
    "云桥已存 {through} 条（回执 {receipts}）",
)
_FACTS: Final = Text("newest facts in the digital IDs", "数字身份证的最新事实")
_ALL_PACKS: Final = Text("all packs", "全部电池包")
_STATION_PAGE: Final = Text("station", "换电站页面")
_STOP: Final = Text("Ctrl-C ends it", "Ctrl-C 结束")
_CHARGES: Final = Text("charging {current} A", "充电 {current} A")
_RESTS: Final = Text("resting", "静置")
_STOPPED: Final = Text("stopped", "已停止")
