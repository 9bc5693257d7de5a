"""A pack's life as a picture: each session's SoH with its interval, and what lies ahead.

A `Lifetime` with a prognosis enters; one panel of an SVG page leaves.
"""

from __future__ import annotations

from html import escape
from typing import Final

from packtrail.language import Text
from soh_model.lifetime import Lifetime

WIDTH: Final = 860
LEFT: Final = 70
RIGHT: Final = WIDTH - 20
LIFE_PANEL: Final = 200
READING: Final = "#1f6feb"
AHEAD: Final = "#d1242f"
END: Final = "#57606a"


def life_panel(found: Lifetime, top: int, language: str | None = None) -> str:
    """The panel, its upper edge at `top`; cycles to the right, SoH upwards."""
    assert found.prognosis is not None
    scale = _Scale(found, top)
    title = Text(
        "SoH over full cycles: sessions, and ahead with its interval, %",
        "SoH 随等效满循环的变化：各时段读数与带区间的预测，%",
    )
    return (
        f'<text x="{LEFT}" y="{top - 8}" font-weight="bold">{escape(title.say(language))}</text>'
        f'<rect x="{LEFT}" y="{top}" width="{RIGHT - LEFT}" height="{LIFE_PANEL}" fill="none" '
        f'stroke="#d0d7de"/>{_cone(found, scale)}{_readings(found, scale)}'
        f"{_end(found.prognosis.end, scale)}{_axes(scale)}"
    )


class _Scale:
    """From cycles and SoH to pixels."""

    def __init__(self, found: Lifetime, top: int) -> None:
        assert found.prognosis is not None
        seen = [reading.soh for reading in found.readings]
        ahead = [one.soh for one in found.prognosis.ahead]
        self.first = found.readings[0].cycles
        self.now = found.readings[-1].cycles
        self.last = self.now + found.prognosis.ahead[-1].cycles
        self.low = max(0.0, min(one.low for one in (*seen, *ahead)) - 0.02)
        self.high = max(one.high for one in (*seen, *ahead)) + 0.02
        self.top = top

    def at(self, cycles: float, soh: float) -> tuple[float, float]:
        """Pixels."""
        x = LEFT + (RIGHT - LEFT) * (cycles - self.first) / (self.last - self.first)
        y = self.top + LIFE_PANEL * (self.high - soh) / (self.high - self.low)
        return round(x, 1), round(y, 1)


def _readings(found: Lifetime, scale: _Scale) -> str:
    marks = []
    for reading in found.readings:
        x, y = scale.at(reading.cycles, reading.soh.value)
        above, below = (scale.at(0, end)[1] for end in (reading.soh.high, reading.soh.low))
        marks.append(
            f'<line x1="{x}" y1="{above}" x2="{x}" y2="{below}" stroke="{READING}" opacity="0.4"/>'
            f'<circle cx="{x}" cy="{y}" r="3" fill="{READING}"/>'
        )
    return "".join(marks)


def _cone(found: Lifetime, scale: _Scale) -> str:
    """The interval ahead as an area, the value as a dashed line."""
    assert found.prognosis is not None
    now = found.life.soh()
    points = [(0.0, now), *((one.cycles, one.soh) for one in found.prognosis.ahead)]
    upper = [scale.at(scale.now + cycles, soh.high) for cycles, soh in points]
    lower = [scale.at(scale.now + cycles, soh.low) for cycles, soh in points]
    middle = [scale.at(scale.now + cycles, soh.value) for cycles, soh in points]
    return (
        f'<polygon fill="{AHEAD}" opacity="0.12" points="{_joined([*upper, *lower[::-1]])}"/>'
        f'<polyline fill="none" stroke="{AHEAD}" stroke-dasharray="5 4" '
        f'points="{_joined(middle)}"/>'
    )


def _joined(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def _end(end: float, scale: _Scale) -> str:
    """A line where life ends, if the panel holds it."""
    if not scale.low < end < scale.high:
        return ""
    y = scale.at(0, end)[1]
    return (
        f'<line x1="{LEFT}" y1="{y}" x2="{RIGHT}" y2="{y}" stroke="{END}" stroke-dasharray="2 4"/>'
        f'<text x="{LEFT - 6}" y="{y + 5}" text-anchor="end">{100 * end:.0f}</text>'
    )


def _axes(scale: _Scale) -> str:
    bottom = scale.top + LIFE_PANEL
    now = scale.at(scale.now, scale.low)[0]
    return (
        f'<text x="{LEFT - 6}" y="{scale.top + 12}" text-anchor="end">{100 * scale.high:.0f}</text>'
        f'<text x="{LEFT - 6}" y="{bottom}" text-anchor="end">{100 * scale.low:.0f}</text>'
        f'<text x="{LEFT}" y="{bottom + 16}">{scale.first:.0f}</text>'
        f'<text x="{now}" y="{bottom + 16}" text-anchor="middle">{scale.now:.0f}</text>'
        f'<text x="{RIGHT}" y="{bottom + 16}" text-anchor="end">{scale.last:.0f}</text>'
    )
