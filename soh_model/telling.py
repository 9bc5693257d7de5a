"""What estimators found, in sentences for a person, in either language."""

from __future__ import annotations

from packtrail.estimate import Advice, Estimate, Interval, Verdict
from packtrail.language import Text
from soh_model.lifetime import Lifetime
from soh_model.prognosis import KNEE, MOST_UNITS, UNIT_CYCLES, Ahead, Prognosis


def describe(answer: Estimate, language: str | None = None) -> list[str]:
    """Lines for a person, in `language` or that of the locale."""
    if answer.verdict is Verdict.TOLD:
        lines = [f"{label.say(language)}: {value}" for label, value in _figures(answer)]
    else:
        lines = [Text("The data cannot tell.", "现有数据无法判断。").say(language)]
    if answer.weakest_cell is not None:
        weak = Text("cell {n} stands out as weak", "{n} 号单体明显偏弱")
        lines.append(weak.fill(n=answer.weakest_cell + 1).say(language))
    limits = Text("limits", "限制因素").say(language)
    lines += [f"{limits}: {reason.text.say(language)}" for reason in answer.reasons]
    if answer.advice is not Advice.NONE:
        lines.append(f"{Text('next', '建议').say(language)}: {answer.advice.text.say(language)}")
    lines += _evidence(answer, language)
    return lines


def _evidence(answer: Estimate, language: str | None) -> list[str]:
    """What the figures rest on: samples, sensors, method and digest."""
    lines = []
    if answer.samples:
        said = Text(
            "evidence: {n} samples over {hours:.1f} h", "依据：{n} 个采样点，跨 {hours:.1f} 小时"
        )
        hours = (answer.to_ns - answer.from_ns) / 3.6e12
        lines.append(said.fill(n=answer.samples, hours=hours).say(language))
    if answer.sensors:
        said = Text(
            "allowed for: current zero {zero:+.2f} A, gain ±{gain:.1f} %, steps of {step:.0f} mV",
            "已计入：电流零点 {zero:+.2f} A，增益 ±{gain:.1f} %，电压分辨率 {step:.0f} mV",
        )
        errors = answer.sensors
        said = said.fill(
            zero=errors.current_offset_a,
            gain=196 * errors.current_gain_sd,
            step=1000 * errors.voltage_step_v,
        )
        lines.append(said.say(language))
    lines.append(f"{answer.method}, {answer.reference}, SHA-256 {answer.inputs_digest[:16]}")
    return lines


def _figures(answer: Estimate) -> list[tuple[Text, str]]:
    """Label and value of each figure that the estimate holds."""
    modes = answer.modes
    figures = (
        (Text("mean cell SoH", "平均单体 SoH"), answer.soh, 100, " %"),
        (Text("weakest cell SoH", "最弱单体 SoH"), answer.soh_weakest, 100, " %"),
        (Text("pack SoH", "电池包 SoH"), answer.soh_pack, 100, " %"),
        (Text("capacity", "容量"), answer.capacity_ah, 1, " Ah"),
        (Text("usable energy", "可用能量"), answer.usable_kwh, 1, " kWh"),
        (Text("state of certified energy (SOCE)", "认证能量状态（SOCE）"), answer.soce, 100, " %"),
        (Text("resistance growth", "内阻增长倍数"), answer.resistance_growth, 1, ""),
        (Text("spread of cell capacities", "单体容量离散"), answer.spread_pct, 1, " %"),
        (Text("loss of lithium (LLI)", "锂损失（LLI）"), modes and modes.lithium, 100, " %"),
        (
            Text("loss of negative electrode (LAM)", "负极材料损失（LAM）"),
            modes and modes.negative,
            100,
            " %",
        ),
        (
            Text("loss of positive electrode (LAM)", "正极材料损失（LAM）"),
            modes and modes.positive,
            100,
            " %",
        ),
    )
    return [(label, _say(value, by, unit)) for label, value, by, unit in figures if value]


def _say(interval: Interval, by: float, unit: str) -> str:
    digits = 2 if by == 1 and abs(interval.value) < 10 else 1
    value, low, high = (by * x for x in (interval.value, interval.low, interval.high))
    return f"{value:.{digits}f}{unit} ({low:.{digits}f} .. {high:.{digits}f})"


def describe_lifetime(found: Lifetime, language: str | None = None) -> list[str]:
    """Lines on many sessions: the fused estimate, what was doubted, and what lies ahead."""
    said = Text(
        "{n} sessions, {told} told, {odd} doubted; {cycles:.1f} full cycles within the samples",
        "{n} 个时段，{told} 个可判断，{odd} 个存疑；采样内等效满循环 {cycles:.1f} 次",
    )
    cycles = (found.counters.charged_ah + found.counters.discharged_ah) / found.estimate.rated_ah
    said = said.fill(
        n=found.sessions, told=found.told, odd=len(found.life.flagged), cycles=cycles / 2
    )
    lines = [said.say(language), *describe(found.estimate, language)]
    lines += _order(found, language)
    if found.prognosis is None:
        few = Text(
            "no prognosis: it needs three sessions that could tell",
            "无法预测：至少需要三个可判断的时段",
        )
        return [*lines, few.say(language)]
    if found.cycles_per_year is None:
        partial = Text(
            "cycles are those within the samples; --cycles-per-year gives the true pace",
            "循环次数仅为采样内的次数；用 --cycles-per-year 给出实际使用强度",
        )
        lines.append(partial.say(language))
    return [*lines, *describe_prognosis(found.prognosis, language)]


def _order(found: Lifetime, language: str | None) -> list[str]:
    """Warnings on how the sessions number their cells; nothing where they do it alike."""
    order, worst = found.cell_order, found.outliers
    named = (found.estimate.weakest_cell, worst.leaking_cell, worst.resistant_cell)
    unchecked = order.unchecked if any(cell is not None for cell in named) else 0
    said = ((order.realigned, _MOVED), (order.unclear, _LOST), (unchecked, _UNCHECKED))
    return [text.fill(n=count).say(language) for count, text in said if count]


_MOVED = Text(
    "cells were numbered otherwise {n} times: followed, numbers are the last session's",
    "单体编号变更 {n} 次：已重新对应，编号以最后时段为准",
)
_LOST = Text(
    "cells could not be followed {n} times: no cell of an earlier session is named",
    "单体编号 {n} 次无法对应：不再引用更早时段的单体",
)
_UNCHECKED = Text(
    "cells too alike or not read {n} times: that their numbers stayed is assumed",
    "{n} 次因单体差异太小或缺少数据而无法核对：假定编号未变",
)


def describe_prognosis(prognosis: Prognosis, language: str | None = None) -> list[str]:
    """What lies ahead, and what is not modelled."""
    return [
        *(_ahead(one, language) for one in prognosis.ahead),
        _left(prognosis, language),
        KNEE.say(language),
    ]


def _ahead(one: Ahead, language: str | None) -> str:
    label = Text("SoH in {n:.0f} cycles", "{n:.0f} 次循环后的 SoH").fill(n=one.cycles)
    return f"{label.say(language)}: {_say(one.soh, 100, ' %')}"


def _left(prognosis: Prognosis, language: str | None) -> str:
    """The cycles until the end; beyond what is computed it is "at least"."""
    most = MOST_UNITS * UNIT_CYCLES
    left = prognosis.remaining
    value, low, high = (
        f"≥ {most:.0f}" if cycles >= most else f"{cycles:.0f}"
        for cycles in (left.value, left.low, left.high)
    )
    label = Text("cycles left until {end:.0f} %", "至 {end:.0f} % 的剩余循环").fill(
        end=100 * prognosis.end
    )
    return f"{label.say(language)}: {value} ({low} .. {high})"
