"""Numbers, times and names as a reader wants them; a dash stands for what is not known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, NamedTuple

from cloud_bridge.fold import Binding
from cloud_bridge.privacy.subjects import FORGOTTEN
from packtrail.codes import Vin
from packtrail.errors import CodecError, CodeError
from packtrail.estimate import Interval
from packtrail.event import PlaceRef, VehicleRef
from packtrail.language import Text
from packtrail.times import NS_PER_S, parse_time

NONE: Final = "–"
_FORGOTTEN: Final = Text("(forgotten on {day})", "（已于 {day} 遗忘）")
_AGES: Final = (
    (90, 1, Text("{n} s ago", "{n} 秒前")),
    (90 * 60, 60, Text("{n} min ago", "{n} 分钟前")),
    (36 * 3600, 3600, Text("{n} h ago", "{n} 小时前")),
    (90 * 86_400, 86_400, Text("{n} days ago", "{n} 天前")),
)


def number(value: float | None, digits: int = 0, unit: str = "") -> str:
    """`value` with its unit, a narrow space between."""
    if value is None:
        return NONE
    text = f"{value:,.{digits}f}".replace(",", "\u202f")
    return f"{text}\u202f{unit}" if unit else text


def percent(fraction: float | None, digits: int = 1) -> str:
    """A fraction as per cent."""
    return number(None if fraction is None else fraction * 100, digits, "%")


def plus_minus(interval: Interval | None) -> str:
    """Half the width of an interval of fractions, in per cent points."""
    return NONE if interval is None else f"±\u202f{interval.width * 50:.1f}"


class HealthBar(NamedTuple):
    """An interval of health and its value on a bar of 100, where each begins and how wide it is."""

    start: str
    width: str
    mark: str


def health_bar(interval: Interval) -> HealthBar:
    """On a scale from 50 to 105 per cent."""
    start, end, at = (
        (one * 100 - 50) / 0.55 for one in (interval.low, interval.high, interval.value)
    )
    start, end, at = max(0.0, start), min(100.0, end), max(0.0, min(99.2, at))
    return HealthBar(f"{start:.1f}", f"{max(end - start, 0.8):.1f}", f"{max(at - 0.4, 0.0):.1f}")


def within(value: float, low: float, high: float) -> str:
    """`value` for a drawing, kept on its scale."""
    return f"{max(low, min(high, value)):.1f}"


def moment(t_ns: int) -> str:
    """A time to the second, UTC."""
    if t_ns <= 0:
        return NONE
    stamp = datetime.fromtimestamp(t_ns // NS_PER_S, UTC)
    return stamp.strftime("%Y-%m-%d %H:%M:%S")


def clock(t_ns: int) -> str:
    """Hours and minutes, UTC."""
    return datetime.fromtimestamp(t_ns // NS_PER_S, UTC).strftime("%H:%M")


def day(t_ns: int) -> str:
    """The date, UTC."""
    return datetime.fromtimestamp(t_ns // NS_PER_S, UTC).strftime("%Y-%m-%d")


def moment_of(text: str) -> str:
    """An event's time to the second, UTC."""
    try:
        return moment(parse_time(text)) if text else NONE
    except CodecError:
        return text[:40]


def day_of(text: str) -> str:
    """An event's date, UTC."""
    return moment_of(text)[:10]


def age(t_ns: int, now_ns: int, language: str) -> str:
    """How long ago; a time ahead of our clock (simulated, or a clock off) is shown itself."""
    seconds = (now_ns - t_ns) // NS_PER_S
    if t_ns <= 0:
        return NONE
    if seconds < -5:
        return f"{moment(t_ns)} UTC"
    for limit, step, text in _AGES:
        if seconds < limit:
            return text.say(language, n=max(0, seconds) // step)
    return day(t_ns)


def vehicle_text(vehicle: VehicleRef, language: str) -> str:
    """A vehicle with its number masked, or when that was forgotten."""
    name = vehicle_name(vehicle, language)
    gap = "" if name.startswith("（") else " "
    return f"{Text('vehicle', '车辆').say(language)}{gap}{name}"


def vehicle_name(vehicle: VehicleRef, language: str) -> str:
    """Its masked number, or when it was forgotten."""
    if vehicle.scheme == FORGOTTEN:
        return _FORGOTTEN.say(language, day=vehicle.id)
    return masked(vehicle)


def masked(vehicle: VehicleRef) -> str:
    """A VIN as maker and last four; of anything else, the last four."""
    if vehicle.scheme == "vin":
        try:
            return Vin.parse(vehicle.id).masked
        except CodeError:
            pass
    return f"···{vehicle.id[-4:]}" if len(vehicle.id) > 6 else "···"


def place_text(place: PlaceRef, language: str) -> str:
    """A site and its slot."""
    if not place.slot:
        return place.site
    return f"{place.site} · {Text('slot', '仓位').say(language)} {place.slot}"


def where_text(binding: Binding | None, language: str) -> str:
    """What a pack is bound to."""
    if binding and binding.vehicle:
        return vehicle_text(binding.vehicle, language)
    if binding and binding.place:
        return place_text(binding.place, language)
    return NONE


def lag(lag_ns: int | None) -> str:
    """A delay; None and what a simulated clock makes of it are dashes."""
    if lag_ns is None or not 0 <= lag_ns < 10**17:
        return NONE
    seconds = lag_ns / NS_PER_S
    if seconds < 1:
        return number(seconds * 1000, 0, "ms")
    return number(seconds, 1, "s") if seconds < 600 else number(seconds / 3600, 1, "h")
