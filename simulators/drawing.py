"""Overviews as SVG: panels of lines and bars, plain text, no script, readable without a viewer.

Series enter as arrays; the text of an SVG file leaves. Colours keep apart for most readers with
impaired colour vision (Okabe and Ito 2008).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Final

import numpy as np

from packtrail.errors import reason_of, remedy_of
from simulators.arithmetic import Floats
from simulators.errors import SimulationError

COLOURS: Final = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#B8A400",
)  # fmt: skip
WIDTH: Final = 900
HEIGHT: Final = 190
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 34, 30
MOST_POINTS: Final = 600
SQUARE_FROM: Final = 0x2E80


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One line, with a band around it where `low` and `high` are given; all are [n]."""

    name: str
    x: Floats
    y: Floats
    low: Floats | None = None
    high: Floats | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Something that lasts from `begin` to `end`, as a shaded stretch behind the lines."""

    name: str
    begin: float
    end: float


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One diagram.

    Attributes:
        title: what it shows.
        x_label: what runs along.
        lines: drawn over each other.
        bars: (name, x of bars, heights) to be drawn below the lines.
        spans: stretches of x to be marked; what lies outside of the lines is cut off.
    """

    title: str
    x_label: str
    lines: Sequence[Line] = ()
    bars: Sequence[tuple[str, Floats, Floats]] = field(default_factory=tuple)
    spans: Sequence[Span] = ()


def write_overview(path: Path, title: str, panels: Sequence[Panel]) -> None:
    """Write an overview.

    Raises:
        SimulationError: the file cannot be written.
    """
    try:
        path.write_text(overview(title, panels), "utf-8")
    except OSError as error:
        raise SimulationError(reason_of(error), where=str(path), hint=remedy_of(error)) from error


def overview(title: str, panels: Sequence[Panel]) -> str:
    """The SVG text of panels below each other."""
    height = 40 + HEIGHT * len(panels)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="12">'
    )
    parts = [
        head,
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{LEFT}" y="24" font-size="16" font-weight="bold">{escape(title)}</text>',
    ]
    for place, panel in enumerate(panels):
        parts += [f'<g transform="translate(0 {40 + place * HEIGHT})">', *_panel(panel), "</g>"]
    return "\n".join([*parts, "</svg>\n"])


def _panel(panel: Panel) -> list[str]:
    across = _Scale.of([x for line in panel.lines for x in (line.x,)] + [b[1] for b in panel.bars],
                       LEFT, WIDTH - RIGHT)  # fmt: skip
    values = [v for line in panel.lines for v in (line.y, line.low, line.high) if v is not None]
    up = _Scale.of(values + [np.append(b[2], 0.0) for b in panel.bars], HEIGHT - BOTTOM, TOP)
    parts = [f'<text x="{LEFT}" y="14" font-weight="bold">{escape(panel.title)}</text>']
    parts += [part for span in panel.spans for part in _span(span, across)]
    parts += [
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up(y):.1f}" y2="{up(y):.1f}" '
        f'stroke="#ddd"/><text x="{LEFT - 6}" y="{up(y) + 4:.1f}" text-anchor="end">{y:g}</text>'
        for y in up.ticks()
    ]
    parts += [
        f'<text x="{across(x):.1f}" y="{HEIGHT - 12}" text-anchor="middle">{x:g}</text>'
        for x in across.ticks()
        if across(x) < WIDTH - RIGHT - _wide(panel.x_label) - 16
    ]
    parts.append(
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 12}" text-anchor="end" fill="#555">'
        f"{escape(panel.x_label)}</text>"
    )
    names = [name for name, _, _ in panel.bars] + [line.name for line in panel.lines]
    for place, (_, x, y) in enumerate(panel.bars):
        parts += _bars(x, y, across, up, COLOURS[place % len(COLOURS)], place, len(panel.bars))
    for place, line in enumerate(panel.lines, start=len(panel.bars)):
        parts += _line(line, across, up, COLOURS[place % len(COLOURS)])
    return parts + _legend(names)


def _span(span: Span, across: _Scale) -> list[str]:
    begin, end = (min(max(x, across.low), across.high) for x in (span.begin, span.end))
    if end <= begin:
        return []
    left, wide = across(begin), across(end) - across(begin)
    box = f'x="{left:.1f}" y="{TOP}" width="{wide:.1f}" height="{HEIGHT - BOTTOM - TOP}"'
    place = f'x="{left + 3:.1f}" y="{TOP + 11}" font-size="10" fill="#a33"'
    return [
        f'<rect {box} fill="#D55E00" opacity="0.1"/>',
        f"<text {place}>{escape(span.name)}</text>",
    ]


def _line(line: Line, across: _Scale, up: _Scale, colour: str) -> list[str]:
    step = max(1, len(line.x) // MOST_POINTS)
    x, parts = line.x[::step], []
    if line.low is not None and line.high is not None:
        edge = np.concatenate([line.low[::step], line.high[::step][::-1]])
        parts.append(
            f'<polygon points="{_points(np.concatenate([x, x[::-1]]), edge, across, up)}" '
            f'fill="{colour}" opacity="0.15"/>'
        )
    for run_x, run_y in _runs(x, line.y[::step]):
        points = _points(run_x, run_y, across, up)
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        )
    return parts


def _runs(x: Floats, y: Floats) -> list[tuple[Floats, Floats]]:
    """The stretches of a line without what is not known (NaN)."""
    known = np.flatnonzero(np.isfinite(y))
    cuts = np.flatnonzero(np.diff(known) > 1) + 1
    return [(x[part], y[part]) for part in np.split(known, cuts) if len(part)]


def _bars(
    x: Floats, y: Floats, across: _Scale, up: _Scale, colour: str, place: int, of: int
) -> list[str]:
    gap = float(across(x[1]) - across(x[0])) if len(x) > 1 else 40.0
    wide = 0.8 * gap / of
    return [
        f'<rect x="{across(a) - 0.4 * gap + place * wide:.1f}" y="{min(up(b), up(0.0)):.1f}" '
        f'width="{wide:.1f}" height="{abs(up(b) - up(0.0)):.1f}" fill="{colour}" opacity="0.8"/>'
        for a, b in zip(x.tolist(), y.tolist(), strict=True)
    ]


def _legend(names: Sequence[str]) -> list[str]:
    parts, x = [], float(WIDTH - RIGHT)
    for place, name in reversed(list(enumerate(names))):
        x -= 4 + _wide(name)
        parts.append(
            f'<rect x="{x - 14:g}" y="5" width="10" height="10" '
            f'fill="{COLOURS[place % len(COLOURS)]}"/><text x="{x:g}" y="14">{escape(name)}</text>'
        )
        x -= 22
    return parts


def _wide(text: str) -> float:
    """About how many units a text of size 12 takes; what is not Latin is square."""
    return sum(7.0 if ord(letter) < SQUARE_FROM else 12.0 for letter in text)


def _points(x: Floats, y: Floats, across: _Scale, up: _Scale) -> str:
    pairs = zip(x.tolist(), y.tolist(), strict=True)
    return " ".join(f"{across(a):.1f},{up(b):.1f}" for a, b in pairs)


@dataclass(frozen=True, slots=True)
class _Scale:
    """Values to places on the page."""

    low: float
    high: float
    begin: float
    end: float

    @classmethod
    def of(cls, values: Sequence[Floats], begin: float, end: float) -> _Scale:
        known = np.concatenate([np.asarray(v, np.float64).ravel() for v in values] or [np.zeros(1)])
        known = known[np.isfinite(known)]
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        return cls(low, high if high > low else low + 1.0, begin, end)

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)

    def ticks(self) -> list[float]:
        """About five round values."""
        rough = (self.high - self.low) / 5.0
        power = 10.0 ** np.floor(np.log10(rough))
        step = float(min((f * power for f in (1, 2, 5, 10)), key=lambda s: abs(s - rough)))
        first = np.ceil(self.low / step - 1e-9)
        count = int((self.high / step - first) + 1e-9) + 1
        return [round(float((first + n) * step), 10) for n in range(count)]
