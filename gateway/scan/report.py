"""The report of a scan: one page that prints on A4, without network, script or font of others."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Any, Final

import numpy as np

from gateway.alarms.features import Features
from gateway.local_api.words import KINDS, SEVERITIES
from gateway.scan.reading import Scanned
from packtrail.estimate import Estimate
from packtrail.language import Text
from packtrail.sample import Sample
from packtrail.signing import SigningKey, canonical
from packtrail.times import format_time

REPORT_DOMAIN: Final = "scan-report"
_STYLE: Final = """
@page { size: A4; margin: 16mm; }
body { font: 11pt/1.45 system-ui, "Noto Sans SC", sans-serif; color: #111; background: #fff;
  max-width: 178mm; margin: 8mm auto; padding: 0 4mm; }
h1 { font-size: 18pt; margin: 0; } h2 { font-size: 12pt; margin: 6mm 0 1mm; }
.code { font: 600 13pt ui-monospace, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
td { border-bottom: 1px solid #ccc; padding: 1mm 0; }
td + td { text-align: right; font-variant-numeric: tabular-nums; }
.bad { color: #a11; font-weight: 600; }
.small { color: #555; font-size: 9pt; overflow-wrap: anywhere; }
"""
_ROWS: Final = (
    ("soc_pct", Text("State of charge", "荷电状态"), "{:.1f} %"),
    ("pack_voltage_v", Text("Pack voltage", "总电压"), "{:.1f} V"),
    ("pack_current_a", Text("Current (charge positive)", "电流（充电为正）"), "{:.1f} A"),
    ("cell_voltage_max_v", Text("Highest cell", "最高单体电压"), "{:.3f} V"),
    ("cell_voltage_min_v", Text("Lowest cell", "最低单体电压"), "{:.3f} V"),
    ("cell_spread_v", Text("Spread", "压差"), "{:.3f} V"),
    ("temperature_max_c", Text("Warmest probe", "最高温度"), "{:.1f} °C"),
    ("soh_pct", Text("State of health, as the BMS says", "健康状态（BMS 自报）"), "{:.1f} %"),
)


def facts_of(scanned: Scanned) -> dict[str, Any]:
    """What a report states, as plain JSON: this is what the signature covers."""
    values = numbers_of(scanned.latest)
    estimate = scanned.estimate
    soh = estimate.soh if estimate else None
    return {
        "format": 1,
        "code": scanned.label.code.text if scanned.label.code else "",
        "label": scanned.label.raw,
        "at": format_time(scanned.latest.t_ns),
        "profile": scanned.profile,
        "frames": scanned.frames,
        "decoded": scanned.decoded,
        "samples": len(scanned.samples),
        "values": {name: round(value, 4) for name, value in values.items()},
        "incidents": [
            f"{one.severity} {one.kind} {one.where}".strip() for one in scanned.incidents
        ],
        "soh": [round(part, 4) for part in (soh.value, soh.low, soh.high)] if soh else [],
    }


def numbers_of(sample: Sample) -> dict[str, float]:
    """Single numbers of a sample, and the extremes of its arrays."""
    found = {name: value for name, value in sample.values.items() if isinstance(value, float)}
    cells = sample.values.get("cell_voltage_v")
    if isinstance(cells, np.ndarray) and np.isfinite(cells).any():
        found |= {
            "cell_voltage_max_v": float(np.nanmax(cells)),
            "cell_voltage_min_v": float(np.nanmin(cells)),
        }
    found |= {name: one.value for name, one in Features().of(sample).items()}
    return found


def render(scanned: Scanned, language: str, key: SigningKey | None) -> str:
    """The page in `language`, signed if there is a key."""
    facts = facts_of(scanned)
    title = Text("Battery pack report", "电池包检测报告").say(language)
    none = Text("no label was read", "未读取标签").say(language)
    return f"""<!doctype html>
<html lang="{"zh-CN" if language == "zh" else "en"}"><head><meta charset="utf-8">
<title>{title} {escape(facts["code"])}</title><style>{_STYLE}</style></head><body>
<h1>{title}</h1><div class="code">{escape(facts["code"]) or none}</div>
<div class="small">{facts["at"][:19]}Z · {escape(scanned.profile)}</div>
{_table(scanned, language)}
{_health(scanned.estimate, language)}
{_findings(scanned, language)}
{_cells(scanned.latest, language)}
{_seal(facts, language, key)}
</body></html>
"""


def rows_of(scanned: Scanned, language: str) -> list[tuple[str, str]]:
    """Names and values that a person reads."""
    values = numbers_of(scanned.latest)
    return [
        (name.say(language), form.format(values[quantity]))
        for quantity, name, form in _ROWS
        if quantity in values
    ]


def health_text(estimate: Estimate | None, language: str) -> str:
    """Never a value without its interval; or why there is none, and what would help."""
    if estimate is None:
        told = Text("the pack's type is not known: give --spec", "未知电池规格，请用 --spec 指定")
        return told.say(language)
    if estimate.soh is None:
        why = "; ".join(reason.text.say(language) for reason in estimate.reasons)
        cannot = Text("cannot tell", "无法判断").say(language)
        return f"{cannot}: {why}" if why else cannot
    soh = estimate.soh
    return f"{soh.value * 100:.0f} % ({soh.low * 100:.0f}–{soh.high * 100:.0f} %)"


def finding_texts(scanned: Scanned, language: str) -> list[str]:
    """Limits that are passed, as sentences."""
    found = []
    for one in scanned.incidents:
        kind = KINDS.get(one.kind, Text(one.kind, one.kind)).say(language)
        value = "" if one.value is None else f" {one.value:g}"
        found.append(f"{SEVERITIES[one.severity].say(language)}: {kind}{value} {one.where}".strip())
    return found


def _table(scanned: Scanned, language: str) -> str:
    rows = rows_of(scanned, language)
    cells = "".join(f"<tr><td>{escape(n)}</td><td>{escape(v)}</td></tr>" for n, v in rows)
    return f"<h2>{Text('Readings', '读数').say(language)}</h2><table>{cells}</table>"


def _health(estimate: Estimate | None, language: str) -> str:
    title = Text("State of health, estimated here", "健康状态（本机估计）").say(language)
    return f"<h2>{title}</h2><p>{escape(health_text(estimate, language))}</p>"


def _findings(scanned: Scanned, language: str) -> str:
    title = Text("Findings", "异常").say(language)
    found = "".join(f'<p class="bad">{escape(one)}</p>' for one in finding_texts(scanned, language))
    none = Text("no limit is passed", "未超出任何阈值").say(language)
    return f"<h2>{title}</h2>{found or f'<p>{none}</p>'}"


def _cells(sample: Sample, language: str) -> str:
    """Every cell as a bar, so that an odd one shows."""
    cells = sample.values.get("cell_voltage_v")
    if not isinstance(cells, np.ndarray) or not np.isfinite(cells).any():
        return ""
    low, high = float(np.nanmin(cells)), float(np.nanmax(cells))
    span, step = max(high - low, 0.02), 680 / len(cells)
    bars = "".join(
        f'<rect x="{n * step:.1f}" y="{100 - height:.1f}" width="{max(step - 1, 0.6):.1f}" '
        f'height="{height:.1f}"/>'
        for n, volts in enumerate(cells)
        if np.isfinite(volts) and (height := 12 + 80 * (float(volts) - low) / span)
    )
    title = Text("Voltage of each cell", "各单体电压").say(language)
    return (
        f'<h2>{title}</h2><svg viewBox="0 0 680 116" width="100%" role="img" fill="#1f4e5f">{bars}'
        f'<text x="0" y="114" font-size="12">1</text><text x="680" y="114" font-size="12" '
        f'text-anchor="end">{len(cells)} · {low:.3f}–{high:.3f} V</text></svg>'
    )


def _seal(facts: dict[str, Any], language: str, key: SigningKey | None) -> str:
    """Digest and signature, and the very bytes that they cover."""
    data = canonical(facts)
    text = f"SHA-256 {hashlib.sha256(data).hexdigest()}"
    if key:
        signature = base64.b64encode(key.sign(REPORT_DOMAIN, data)).decode()
        text += f"<br>Ed25519 {key.public.key_id} {signature}"
    else:
        text += f"<br>{Text('not signed', '未签名').say(language)}"
    embedded = f'<script type="application/json" id="facts">{_inert(data)}</script>'
    return f'<p class="small">{text}</p>{embedded}'


def _inert(data: bytes) -> str:
    """JSON that no HTML parser can mistake for its own."""
    return data.decode().replace("<", "\\u003c")
