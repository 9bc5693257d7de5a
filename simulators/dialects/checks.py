"""Checksums of the three makers, written anew so that the decoder's are proved by them."""

from __future__ import annotations


def inverted_sum(data: bytes) -> int:
    """SXA's checksum: the sum modulo 256, inverted."""
    return ~sum(data) & 0xFF


def crc8_j1850(data: bytes) -> int:
    """CRC-8 SAE J1850: polynomial 0x1D, begun with and inverted by 0xFF."""
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc << 1 ^ 0x1D if crc & 0x80 else crc << 1
            crc &= 0xFF
    return crc ^ 0xFF


def crc8_autosar(data: bytes) -> int:
    """CRC-8H2F of AUTOSAR: polynomial 0x2F, begun with and inverted by 0xFF."""
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc << 1 ^ 0x2F if crc & 0x80 else crc << 1
            crc &= 0xFF
    return crc ^ 0xFF
