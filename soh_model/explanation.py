"""Why an estimate says what it says: measured and fitted voltage, what is left, and the modes.

A `Session` and its `BalanceFit` enter, one SVG page leaves, drawn here without a plotting
library, so that a server can hand it to a browser as it is. Sentences are in the language asked
for.
"""

from __future__ import annotations

from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

from packtrail.estimate import Estimate
from packtrail.language import Text
from soh_model.balance_fit import BalanceFit
from soh_model.life_panel import LIFE_PANEL, life_panel
from soh_model.lifetime import Lifetime
from soh_model.telling import describe, describe_lifetime

Floats = NDArray[np.float64]

WIDTH: Final = 860
PANEL: Final = 190
LEFT: Final = 70
POINTS: Final = 400

MEASURED: Final = "#1f6feb"
FITTED: Final = "#d1242f"


def explain_svg(fit: BalanceFit, found: Estimate | Lifetime, language: str | None = None) -> str:
    """One page as SVG.

    Args:
        fit: of the mean cell, in the last session.
        found: the estimate that rests on it, or what many sessions say together.
        language: `en` or `zh`; None is that of the locale.
    """
    panels = _fit_panels(fit, language)
    top = 110 + 2 * PANEL
    if isinstance(found, Lifetime) and found.prognosis:
        panels += life_panel(found, top + 10, language)
        top += 60 + LIFE_PANEL
    lines = _sentences(fit, found, language)
    text = "".join(
        f'<text x="{LEFT}" y="{top + 22 * k}">{escape(line)}</text>' for k, line in enumerate(lines)
    )
    height = top + 22 * len(lines) + 10
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="14">'
        f'<rect width="100%" height="100%" fill="#fff"/>{panels}{text}</svg>\n'
    )


def _fit_panels(fit: BalanceFit, language: str | None) -> str:
    """What was measured and fitted, and below it what the fit leaves."""
    drive = fit.model.drive
    hours = (drive.t_s - drive.t_s[0]) / 3600
    fitted = fit.model.voltage(fit.theta)
    volts = Text("mean cell voltage, V", "平均单体电压 V")
    left = Text("what the fit leaves, mV", "拟合残差 mV")
    left_mv = 1000 * (drive.volts - fitted)
    curves = [(drive.volts, MEASURED), (fitted, FITTED)]
    return (
        _panel(volts, hours, curves, 40, language)
        + _legend(28, language)
        + _panel(left, hours, [(left_mv, "#57606a")], 70 + PANEL, language)
    )


def _sentences(fit: BalanceFit, found: Estimate | Lifetime, language: str | None) -> list[str]:
    """The figures below the panels."""
    rest = Text("root mean square left: {mv:.1f} mV", "残差均方根：{mv:.1f} mV")
    if isinstance(found, Lifetime):
        lines = describe_lifetime(found, language)
    else:
        lines = describe(found, language)
    return [*lines, rest.fill(mv=1000 * fit.misfit_v).say(language)]


def _panel(
    title: Text,
    hours: Floats,
    curves: list[tuple[Floats, str]],
    top: int,
    language: str | None,
) -> str:
    """A framed panel with its curves, the ends of both axes written out."""
    values = np.concatenate([curve for curve, _ in curves])
    low, high = float(values.min()), float(values.max())
    high = high if high > low else low + 1.0
    right = WIDTH - 20
    paths = "".join(
        f'<polyline fill="none" stroke="{colour}" stroke-width="1.2" '
        f'points="{_points(hours, curve, (low, high), top, right)}"/>'
        for curve, colour in curves
    )
    return (
        f'<text x="{LEFT}" y="{top - 8}" font-weight="bold">{escape(title.say(language))}</text>'
        f'<rect x="{LEFT}" y="{top}" width="{right - LEFT}" height="{PANEL}" fill="none" '
        f'stroke="#d0d7de"/>{_zero(low, high, top, right)}{paths}'
        f'<text x="{LEFT - 6}" y="{top + 12}" text-anchor="end">{high:.4g}</text>'
        f'<text x="{LEFT - 6}" y="{top + PANEL}" text-anchor="end">{low:.4g}</text>'
        f'<text x="{right}" y="{top + PANEL + 16}" text-anchor="end">{hours[-1]:.1f} h</text>'
    )


def _legend(y: int, language: str | None) -> str:
    """Which colour is which, at the right above the first panel."""
    entries = ((MEASURED, Text("measured", "实测")), (FITTED, Text("fitted", "拟合")))
    return "".join(
        f'<rect x="{WIDTH - 220 + 100 * k}" y="{y - 9}" width="18" height="4" fill="{colour}"/>'
        f'<text x="{WIDTH - 196 + 100 * k}" y="{y}">{escape(label.say(language))}</text>'
        for k, (colour, label) in enumerate(entries)
    )


def _zero(low: float, high: float, top: int, right: int) -> str:
    """A line at zero where the panel holds it."""
    if not low < 0 < high:
        return ""
    y = top + PANEL * high / (high - low)
    return (
        f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#d0d7de"/>'
        f'<text x="{LEFT - 6}" y="{y + 5:.1f}" text-anchor="end">0</text>'
    )


def _points(hours: Floats, curve: Floats, span: tuple[float, float], top: int, right: int) -> str:
    """Pixel coordinates of at most `POINTS` points of a curve."""
    pick = np.unique(np.linspace(0, len(hours) - 1, min(POINTS, len(hours))).astype(int))
    x = LEFT + (right - LEFT) * hours[pick] / max(float(hours[-1]), 1e-9)
    y = top + PANEL * (span[1] - curve[pick]) / (span[1] - span[0])
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
