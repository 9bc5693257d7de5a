"""The station page: every slot at a glance, on a tablet beside the bay, without a script.

A view enters, HTML leaves, in Chinese or English. The page asks for itself again every few
seconds. Everything that came from outside is escaped.
"""

from __future__ import annotations

from html import escape
from importlib import resources
from typing import Final

from gateway.binding import Problem
from gateway.view import SlotView, StationView
from packtrail.estimate import Interval
from packtrail.event import IncidentRecorded
from packtrail.language import Text
from packtrail.times import format_time

REFRESH_S: Final = 3

_STATES: Final = {
    "empty": Text("empty", "空"),
    "waiting": Text("not recognised yet", "等待识别"),
    "contested": Text("identity contested", "身份存疑"),
    "bound": Text("recognised", "已识别"),
}
_KINDS: Final = {
    "over_temperature": Text("too hot", "温度过高"),
    "temperature_rise": Text("warms up fast", "温升过快"),
    "cell_over_voltage": Text("cell voltage too high", "单体电压过高"),
    "cell_under_voltage": Text("cell voltage too low", "单体电压过低"),
    "cell_spread": Text("cells apart", "单体压差过大"),
    "insulation_low": Text("insulation too low", "绝缘电阻过低"),
    "temperature_jump": Text("temperature jumps", "温度骤升"),
    "temperature_spread": Text("probes apart", "温差过大"),
    "thermal_runaway_precursor": Text("signs of thermal runaway", "热失控前兆"),
    "bms_warning": Text("the BMS warns", "BMS 预警"),
    "bms_alarm": Text("alarm of the BMS", "BMS 报警"),
}
_SEVERITIES: Final = {
    "watch": Text("watch", "关注"),
    "quarantine": Text("quarantine", "隔离"),
    "danger": Text("DANGER", "危险"),
}


def render_page(view: StationView, language: str) -> str:
    """The page in `language`, `zh` or `en`."""
    title = Text("Station {site}", "换电站 {site}").say(language, site=view.site)
    slots = "\n".join(_slot(slot, language) for slot in view.slots)
    return f"""<!doctype html>
<html lang="{"zh-CN" if language == "zh" else "en"}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="refresh" content="{REFRESH_S}"><title>{escape(title)}</title>
<style>{_style()}</style></head><body>
<h1>{escape(title)}</h1>
<p class="facts">{_facts(view, language)}</p>
<main class="slots">
{slots}
</main></body></html>
"""


def _facts(view: StationView, language: str) -> str:
    uplink, outbox = view.uplink, view.outbox
    link = Text("connected", "已连接") if uplink.connected else Text("no connection", "未连接")
    tone = "good" if uplink.connected else "bad"
    last = format_time(uplink.last_receipt_ns)[:19] + "Z" if uplink.last_receipt_ns else "–"
    facts = [
        (Text("Gateway", "网关"), escape(view.gateway)),
        (Text("Link", "链路"), f'<span class="{tone}">{link.say(language)}</span>'),
        (Text("Waiting in the outbox", "发件箱待发"), f"{outbox.waiting:,}"),
        (Text("Stored by the bridge", "云端已存"), f"{outbox.stored:,}"),
        (Text("Last receipt", "最近回执"), last),
    ]
    if uplink.problem:
        facts.append(
            (Text("Problem", "问题"), f'<span class="bad">{escape(uplink.problem)}</span>')
        )
    facts += [
        (Text("Bus", "总线"), f'<span class="bad">{escape(f"{name}: {state.problem}")}</span>')
        for name, state in view.buses.items()
        if state.problem
    ]
    return "\n".join(f"<span>{name.say(language)}: <b>{value}</b></span>" for name, value in facts)


def _slot(slot: SlotView, language: str) -> str:
    alarm = " alarm" if slot.alarms else ""
    state = _STATES[slot.state].say(language)
    rows = "".join(f"<dt>{name.say(language)}</dt><dd>{value}</dd>" for name, value in _rows(slot))
    problem = f'<div class="odd">{_problem(slot.problem, language)}</div>' if slot.problem else ""
    alarms = "".join(f'<div class="bad">{_alarm(a, language)}</div>' for a in slot.alarms)
    soc = "–" if slot.soc_pct is None else f"{slot.soc_pct:.0f} %"
    number = Text("Slot {name}", "仓位 {name}").say(language, name=slot.name)
    return (
        f'<section class="slot {slot.state}{alarm}"><h2><span>{escape(number)}</span>'
        f"<span>{state}</span></h2>"
        f'<div class="code">{escape(slot.code) or "&nbsp;"}</div>'
        f'<div class="soc">{soc}</div><dl>{rows}</dl>{problem}{alarms}</section>'
    )


def _rows(slot: SlotView) -> list[tuple[Text, str]]:
    return [
        (Text("Current", "电流"), _number(slot.current_a, "{:.1f} A")),
        (Text("Voltage", "电压"), _number(slot.voltage_v, "{:.1f} V")),
        (Text("Spread", "压差"), _number(slot.spread_v, "{:.3f} V")),
        (Text("Warmest", "最高温度"), _number(slot.temperature_c, "{:.1f} °C")),
        (Text("SoH", "健康度"), _health(slot.soh)),
    ]


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def _health(soh: Interval | None) -> str:
    """Never a value without its interval."""
    if soh is None:
        return "–"
    return f"{soh.value * 100:.0f} % ({soh.low * 100:.0f}–{soh.high * 100:.0f})"


def _problem(problem: str, language: str) -> str:
    known = problem in list(Problem)
    return Problem(problem).text.say(language) if known else escape(problem)


def _alarm(incident: IncidentRecorded, language: str) -> str:
    kind = _KINDS.get(incident.kind, Text(incident.kind, incident.kind)).say(language)
    severity = _SEVERITIES[incident.severity].say(language)
    value = "" if incident.value is None else f" {incident.value:g}"
    return escape(f"{severity}: {kind}{value} {incident.where}".rstrip())


def _style() -> str:
    return resources.files("gateway.local_api").joinpath("station.css").read_text("utf-8")
