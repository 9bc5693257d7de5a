"""Charts as SVG paths, drawn here: a line, a band, dots; labels stay HTML and thus readable.

The plot stretches to the width that it is given (strokes do not), so its space is simply 0 to
1000 across and 0 to 100 down, and its three labels per axis sit at start, middle and end.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from packtrail.sample import Floats

WIDTH: Final = 1000.0
HEIGHT: Final = 100.0
POINTS: Final = 360
"""More points than this cannot be seen."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One plot.

    Attributes:
        title: what is drawn.
        value: the newest value, ready to read.
        y_labels: top, middle, bottom.
        x_labels: start, middle, end.
        line: path of the line.
        band: path of the area around it, "" for none.
        dots: path of round dots, "" for none.
        zero: height of the zero line, or None if it is at the edge or outside.
        tone: which colour.
    """

    title: str
    value: str
    y_labels: tuple[str, str, str]
    x_labels: tuple[str, str, str]
    line: str
    band: str = ""
    dots: str = ""
    zero: float | None = None
    tone: str = "blue"


def line_chart(
    t_ns: NDArray[np.int64],
    values: Floats,
    *,
    title: str,
    value: str,
    time: Callable[[int], str],
    least_span: float,
    tone: str = "blue",
    span: tuple[float, float] | None = None,
    band: tuple[Floats, Floats] | None = None,
    dots: bool = False,
) -> Chart | None:
    """A line over time, or None when there is nothing to draw.

    Args:
        t_ns: [n] UTC ns, rising.
        values: [n]; NaN breaks the line.
        title: what is drawn.
        value: the newest value as text.
        time: labels of the time axis.
        least_span: the value axis spans at least this much.
        tone: which colour.
        span: ends of the value axis, if they are fixed.
        band: lower and upper bounds, [n] each.
        dots: draw each point as well.
    """
    shown = np.concatenate([values, *(band or ())])
    shown = shown[np.isfinite(shown)]
    if not len(shown):
        return None
    low, high, digits = nice_span(*(span or (float(shown.min()), float(shown.max()))), least_span)
    x = _across(t_ns)
    middle = int(t_ns[0]) + int(t_ns[-1] - t_ns[0]) // 2
    zero = HEIGHT * high / (high - low) if low < 0 < high else None
    y = _down(values, low, high)
    return Chart(
        title=title,
        value=value,
        y_labels=tuple(f"{v:.{digits}f}" for v in (high, (low + high) / 2, low)),  # type: ignore[arg-type]  # three of them
        x_labels=(time(int(t_ns[0])), time(middle), time(int(t_ns[-1]))),
        line=_line(*_thinned(x, y)),
        band=_band(x, _down(band[0], low, high), _down(band[1], low, high)) if band else "",
        dots="".join(f"M{a:.1f} {b:.2f}h0" for a, b in zip(x, y, strict=True) if math.isfinite(b))
        if dots
        else "",
        zero=zero,
        tone=tone,
    )


def nice_span(low: float, high: float, least: float) -> tuple[float, float, int]:
    """An axis whose ends and middle are round numbers, and how many digits they need."""
    if -0.02 * high < low < 0:
        # A sensor's noise about zero is not worth half of the plot.
        low = 0.0
    span = max(high - low, least)
    low, high = (low + high - span) / 2, (low + high + span) / 2
    exponent = math.floor(math.log10(span / 2))
    for factor in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 15, 20, 25, 30, 40, 50):
        step = factor * 10.0**exponent
        start = math.floor(low / step + 1e-9) * step
        if start + 2 * step >= high - 1e-9 * span:
            digits = max(0, -exponent + (factor in (1.5, 2.5)))
            return start, start + 2 * step, min(digits, 3)
    raise AssertionError("a step of 50 times the half span always fits")


def _across(t_ns: NDArray[np.int64]) -> Floats:
    span = int(t_ns[-1] - t_ns[0])
    since: Floats = (t_ns - t_ns[0]).astype(np.float64)
    return since / span * WIDTH if span else since + WIDTH / 2


def _down(values: Floats, low: float, high: float) -> Floats:
    return (high - values) / (high - low) * HEIGHT


def _thinned(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """At most `POINTS` points: of each bucket its lowest and highest, so peaks stay."""
    if len(x) <= POINTS:
        return x, y
    keep: set[int] = {0, len(x) - 1}
    for bucket in np.array_split(np.arange(len(x)), POINTS // 2):
        known = bucket[np.isfinite(y[bucket])]
        if len(known):
            keep |= {int(known[np.argmin(y[known])]), int(known[np.argmax(y[known])])}
        if len(known) < len(bucket):
            keep.add(int(bucket[np.argmax(~np.isfinite(y[bucket]))]))
    chosen = sorted(keep)
    return x[chosen], y[chosen]


def _line(x: Floats, y: Floats) -> str:
    parts, pen = [], "M"
    for a, b in zip(x.tolist(), y.tolist(), strict=True):
        if not math.isfinite(b):
            pen = "M"
            continue
        parts.append(f"{pen}{a:.1f} {b:.2f}")
        pen = "L"
    return "".join(parts)


def _band(x: Floats, low: Floats, high: Floats) -> str:
    known = np.isfinite(low) & np.isfinite(high)
    if known.sum() < 2:
        return ""
    forth = [f"{a:.1f} {b:.2f}" for a, b in zip(x[known], high[known], strict=True)]
    back = [f"{a:.1f} {b:.2f}" for a, b in zip(x[known], low[known], strict=True)]
    return "M" + "L".join(forth + back[::-1]) + "Z"
