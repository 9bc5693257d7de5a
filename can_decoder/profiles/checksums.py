"""Checksums that battery messages carry, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final


def total(data: bytes) -> int:
    """Sum of the bytes, modulo 256."""
    return sum(data) & 0xFF


def inverted_sum(data: bytes) -> int:
    """Ones' complement of the sum, modulo 256."""
    return ~sum(data) & 0xFF


def exclusive_or(data: bytes) -> int:
    """All bytes combined by exclusive or."""
    result = 0
    for byte in data:
        result ^= byte
    return result


def _crc8_table(polynomial: int) -> tuple[int, ...]:
    table = []
    for start in range(256):
        value = start
        for _ in range(8):
            value = (value << 1 ^ polynomial if value & 0x80 else value << 1) & 0xFF
        table.append(value)
    return tuple(table)


def _crc8(polynomial: int, initial: int, final: int) -> Callable[[bytes], int]:
    table = _crc8_table(polynomial)

    def crc(data: bytes) -> int:
        value = initial
        for byte in data:
            value = table[value ^ byte]
        return value ^ final

    return crc


ALGORITHMS: Final[Mapping[str, Callable[[bytes], int]]] = MappingProxyType(
    {
        "sum": total,
        "inverted_sum": inverted_sum,
        "xor": exclusive_or,
        "crc8_j1850": _crc8(0x1D, 0xFF, 0xFF),
        "crc8_0x85": _crc8(0x85, 0x00, 0x00),
        "crc8_autosar": _crc8(0x2F, 0xFF, 0xFF),
    }
)
"""Name in a profile -> function of the covered bytes."""
