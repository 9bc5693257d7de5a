"""The station page: every slot at a glance, on a tablet beside the bay.

A view enters, HTML leaves, in Chinese or English: rendered here, and exchanged in part every
two seconds by a few lines of script. What is in doubt is settled here. Everything that came
from outside is escaped.
"""

from __future__ import annotations

from html import escape
from typing import Final
from urllib.parse import quote

from gateway.binding import Case, Problem
from gateway.binding.judgement import units_of
from gateway.local_api.words import KINDS, SEVERITIES, SOURCES, STATES
from gateway.view import SlotView, StationView
from packtrail.estimate import Interval
from packtrail.event import IncidentRecorded, Reading
from packtrail.event.measure import measure_of, place_of
from packtrail.language import Text
from packtrail.times import format_time

REFRESH_S: Final = 5
"""For browsers without script."""
LOST: Final = Text(
    "The gateway does not answer. What stands here is old.", "网关无应答，以下内容已过时。"
)
READINGS_SHOWN: Final = 6
FLOWING_A: Final = 0.5
"""Less is the noise of a current sensor."""
OLD_S: Final = 60.0
"""A vehicle reports each 30 s (GB/T 32960.3); what is older than this is said to be."""


def render_page(view: StationView, language: str) -> str:
    """The page in `language`, `zh` or `en`."""
    title = Text("Station {site}", "换电站 {site}").say(language, site=view.site)
    other, name = ("en", "English") if language == "zh" else ("zh", "中文")
    return f"""<!doctype html>
<html lang="{"zh-CN" if language == "zh" else "en"}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<noscript><meta http-equiv="refresh" content="{REFRESH_S}"></noscript>
<title>{escape(title)}</title><link rel="stylesheet" href="/station.css"></head><body>
<header><h1>{escape(title)}</h1><a href="/?lang={other}" lang="{other}">{name}</a></header>
<p class="lost" role="alert">{LOST.say(language)}</p>
<div id="live">
{render_live(view, language)}</div>
<script src="/station.js" defer></script></body></html>
"""


def render_live(view: StationView, language: str) -> str:
    """The part of the page that changes."""
    slots = "\n".join(_slot(slot, language) for slot in view.slots)
    return f"""<p class="facts">{_facts(view, language)}</p>
<main class="slots">
{slots}
</main>
{_cases(view.cases, language)}"""


def _facts(view: StationView, language: str) -> str:
    uplink, outbox = view.uplink, view.outbox
    link = Text("connected", "已连接") if uplink.connected else Text("no connection", "未连接")
    tone = "good" if uplink.connected else "bad"
    last = _time(format_time(uplink.last_receipt_ns)) if uplink.last_receipt_ns else "–"
    facts = [
        (Text("Gateway", "网关"), escape(view.gateway)),
        (Text("Link", "链路"), f'<span class="{tone}">{link.say(language)}</span>'),
        (Text("Waiting in the outbox", "发件箱待发"), f"{outbox.waiting:,}"),
        (Text("Stored by the bridge", "云端已存"), f"{outbox.stored:,}"),
        (Text("Last receipt", "最近回执"), last),
    ]
    if uplink.budget_left is not None:
        left = f"{uplink.budget_left / 1e6:,.1f} MB"
        facts.append((Text("Data left today", "今日剩余流量"), left))
    faults = [(Text("Problem", "问题"), uplink.problem)] if uplink.problem else []
    faults += [(Text("Problem", "问题"), fault) for fault in view.problems + view.troubles]
    faults += [
        (Text("Bus", "总线"), f"{name}: {state.problem}")
        for name, state in view.buses.items()
        if state.problem
    ]
    facts += [(name, f'<span class="bad">{escape(fault)}</span>') for name, fault in faults]
    return "\n".join(f"<span>{name.say(language)}: <b>{value}</b></span>" for name, value in facts)


def _slot(slot: SlotView, language: str) -> str:
    alarm = " alarm" if slot.alarms else ""
    age = _age(slot)
    old = " old" if age and slot.state != "empty" else ""
    state = STATES[slot.state].say(language)
    rows = "".join(f"<dt>{name.say(language)}</dt><dd>{value}</dd>" for name, value in _rows(slot))
    alarms = "".join(f'<div class="bad">{_alarm(a, language)}</div>' for a in slot.alarms)
    soc = "–" if slot.soc_pct is None else f"{slot.soc_pct:.0f} %"
    number = Text("Slot {name}", "仓位 {name}").say(language, name=slot.name)
    return (
        f'<section class="slot {slot.state}{alarm}{old}"><h2><span>{escape(number)}</span>'
        f"<span>{state}</span></h2>"
        f'<div class="code">{escape(slot.code) or "&nbsp;"}</div>'
        f'<div class="soc">{soc}</div><dl>{rows}</dl>'
        f"{_odd(age, language)}{alarms}{_doubt(slot, language)}</section>"
    )


def _age(slot: SlotView) -> Text | None:
    """What a person has to know of the numbers' age, if anything."""
    if slot.state == "empty":
        told = Text(
            "a pack speaks here, but nobody told of its arrival",
            "此处有电池包通信，但未收到入仓通知",
        )
        return told if slot.t_ns else None
    if slot.quiet_s is None:
        return Text("nothing heard from this pack yet", "尚未收到该电池包的数据")
    if slot.quiet_s < OLD_S:
        return None
    minutes = int(slot.quiet_s // 60)
    if minutes < 120:
        return Text("nothing heard for {n} min", "已 {n} 分钟无数据").fill(n=minutes)
    return Text("nothing heard for {n} h", "已 {n} 小时无数据").fill(n=minutes // 60)


def _odd(told: Text | None, language: str) -> str:
    return f'<div class="odd">{told.say(language)}</div>' if told else ""


def _time(at: str) -> str:
    """A moment of UTC; the script says it in the time of the place."""
    return f'<time datetime="{escape(at)}">{escape(at[:10])} {escape(at[11:19])} UTC</time>'


def _doubt(slot: SlotView, language: str) -> str:
    """What was read of a pack that is not settled, and the way to settle it."""
    if slot.state not in ("waiting", "contested"):
        return ""
    problem = f'<div class="odd">{_problem(slot.problem, language)}</div>' if slot.problem else ""
    path = f"/v1/slots/{quote(slot.name, safe='')}/settle"
    return problem + _settling(path, slot.readings, language)


def _cases(cases: list[Case], language: str) -> str:
    if not cases:
        return ""
    title = Text("Visits that nobody could name", "未能识别的停留").say(language)
    return f'<h2>{title}</h2><div class="slots">{"".join(_case(c, language) for c in cases)}</div>'


def _case(case: Case, language: str) -> str:
    number = Text("Slot {name}", "仓位 {name}").say(language, name=case.slot)
    stay = f"{_time(format_time(case.since_ns))} – {_time(format_time(case.until_ns))}"
    path = f"/v1/cases/{quote(case.name, safe='')}"
    none = Text("no pack", "并无电池包").say(language)
    dismiss = f'<p><button data-path="{path}/dismiss">{none}</button> <output></output></p>'
    return (
        f'<section class="slot contested"><h2><span>{escape(number)}</span></h2>'
        f'<div>{stay}</div><div class="odd">{_problem(case.problem, language)}</div>'
        f"{_settling(f'{path}/settle', case.readings, language)}{dismiss}</section>"
    )


def _settling(path: str, readings: tuple[Reading, ...], language: str) -> str:
    shown = "".join(_reading(reading, language) for reading in readings[-READINGS_SHOWN:])
    codes = dict.fromkeys(str(unit) for unit in units_of(readings) if unit)
    choices = "".join(
        f'<button data-path="{path}" data-label="{escape(code)}">{escape(code)}</button>'
        for code in codes
    )
    ask = Text("scan or type the code", "扫描或输入编码").say(language)
    done = Text("it is this pack", "确认为该电池包").say(language)
    return (
        f'<ul class="readings">{shown}</ul><p class="settle">{choices}'
        f'<input maxlength="512" placeholder="{ask}" aria-label="{ask}" autocomplete="off">'
        f'<button data-path="{path}">{done}</button><output class="bad"></output></p>'
    )


def _reading(reading: Reading, language: str) -> str:
    source = SOURCES.get(reading.source, Text(reading.source, reading.source)).say(language)
    raw = escape(reading.raw[:80])
    return f"<li>{_time(reading.at)} {escape(source)}: <code>{raw}</code></li>"


def _rows(slot: SlotView) -> list[tuple[Text, str]]:
    return [
        (_flow(slot.current_a), _number(slot.current_a, "{:z.1f} A")),
        (Text("Voltage", "电压"), _number(slot.voltage_v, "{:.1f} V")),
        (Text("Spread", "压差"), _number(slot.spread_v, "{:.3f} V")),
        (Text("Warmest", "最高温度"), _number(slot.temperature_c, "{:z.1f} °C")),
        (Text("SoH", "健康度"), _health(slot.soh)),
    ]


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value).replace("-", "−")


def _flow(current_a: float | None) -> Text:
    """Which way the current flows: the sign alone is a convention."""
    if current_a is None or abs(current_a) < FLOWING_A:
        return Text("Current", "电流")
    return Text("Charging", "充电") if current_a > 0 else Text("Discharging", "放电")


def _health(soh: Interval | None) -> str:
    """Never a value without its interval."""
    if soh is None:
        return "–"
    return f"{soh.value * 100:.0f} % ({soh.low * 100:.0f}–{soh.high * 100:.0f})"


def _problem(problem: str, language: str) -> str:
    known = problem in list(Problem)
    return Problem(problem).text.say(language) if known else escape(problem)


def _alarm(incident: IncidentRecorded, language: str) -> str:
    kind = KINDS.get(incident.kind, Text(incident.kind, incident.kind)).say(language)
    severity = SEVERITIES[incident.severity].say(language)
    measured = measure_of(incident, incident.value).say(language)
    parts = (f"{severity}: {kind}", measured, place_of(incident).say(language))
    return escape(" · ".join(part for part in parts if part))
