"""Encoding on the same plan: physical values to a payload.

Values enter by signal name; the payload of the declared size leaves. A value that does not
fit, an unknown name or a signal that its multiplexor excludes is a caller's mistake.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping

from can_decoder.errors import DecoderError
from can_decoder.plan import FLOAT_FORMATS, NO_PARENT, Field, Plan
from packtrail.language import Text


def encode(plan: Plan, values: Mapping[str, float], *, fill: int = 0) -> bytes:
    """Pack physical values.

    Args:
        plan: the message.
        values: signal name -> physical value; signals left out keep the fill.
        fill: byte that unused bits are filled with (0xFF on J1939 buses).

    Raises:
        DecoderError: unknown signal, value out of range, or multiplexor that excludes it.
    """
    size = plan.size or plan.needed
    chosen = _chosen(plan, values)
    payload = bytearray([fill]) * size
    for item in chosen:
        if item.last >= size:
            raise _refused(plan, item, Text("lies past the payload", "超出报文长度"))
        _put(payload, item, _raw_bits(plan, item, values[item.name]))
    return bytes(payload)


def _chosen(plan: Plan, values: Mapping[str, float]) -> list[Field]:
    """The fields to write: of a name used twice, the one that the multiplexor admits."""
    bits: dict[int, int] = {}
    chosen = []
    for index, item in enumerate(plan.fields):
        if item.name not in values:
            continue
        if item.parent != NO_PARENT and not (
            item.parent in bits and item.admits(bits[item.parent])
        ):
            continue
        bits[index] = _raw_bits(plan, item, values[item.name])
        chosen.append(item)
    missing = set(values) - {item.name for item in chosen}
    if missing:
        raise DecoderError(
            Text(
                "{names}: no such signals, or their multiplexor is absent or excludes them",
                "{names}：没有这些信号，或其多路复用信号缺失或不匹配",
            ).fill(names=", ".join(sorted(missing))),
            where=plan.name,
        )
    return chosen


def _raw_bits(plan: Plan, item: Field, value: float) -> int:
    """The bits of a physical value, rounded to the nearest step."""
    if item.is_float:
        raw = (value - item.offset) / item.scale if item.scale else 0.0
        try:
            packed = struct.pack(FLOAT_FORMATS[item.size], raw)
        except OverflowError as error:
            raise _refused(plan, item, Text("is too large", "数值过大"), value) from error
        return int.from_bytes(packed, "little")
    if not math.isfinite(value):
        raise _refused(plan, item, Text("is not finite", "不是有限数"), value)
    steps = _steps(value, item)
    low = -(1 << (item.size - 1)) if item.signed else 0
    high = (1 << (item.size - 1)) - 1 if item.signed else (1 << item.size) - 1
    if not low <= steps <= high:
        raise _refused(plan, item, Text("is out of range", "超出范围"), value)
    return steps & ((1 << item.size) - 1)


def _steps(value: float, item: Field) -> int:
    """How many steps of `scale` a value is; exact for integers of any size."""
    if isinstance(value, int) and isinstance(item.scale, int) and isinstance(item.offset, int):
        distance = value - item.offset
        if item.scale and distance % item.scale == 0:
            return distance // item.scale
    return round((value - item.offset) / item.scale) if item.scale else 0


def _put(payload: bytearray, item: Field, bits: int) -> None:
    window = slice(item.first, item.last + 1)
    mask = ((1 << item.size) - 1) << item.shift
    word = int.from_bytes(payload[window], item.order) & ~mask | bits << item.shift
    payload[window] = word.to_bytes(item.last - item.first + 1, item.order)


def _refused(plan: Plan, item: Field, why: Text, value: float | None = None) -> DecoderError:
    shown = "" if value is None else f" ({value!r})"
    return DecoderError(
        Text(f"{item.name}{shown} {why.en}", f"{item.name}{shown} {why.zh}"), where=plan.name
    )
