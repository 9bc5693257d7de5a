"""Bits of a frame on the wire, stuffing included, exactly.

Sources:
    ISO 11898-1:2015, 10.4 (frame format), 10.5 (bit stuffing), 10.4.2.6 (CRC).

A classic frame's checksum is stuffed too, so its value counts. In CAN FD the bits of the CRC
field have fixed places, so only the bits before it matter.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

TAIL: Final = 10
"""CRC delimiter, ACK slot and delimiter, end of frame: never stuffed."""
INTERMISSION: Final = 3
CRC15: Final = 0x4599
RUN: Final = 5
FD_SHORT: Final = 16
"""Longest payload with the 17-bit checksum."""
FD_SIZES: Final = (0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64)


class Length(NamedTuple):
    """Bits of one frame, the intermission after it included.

    Attributes:
        nominal: at the arbitration bit rate.
        data: at the data bit rate; 0 but for CAN FD with a rate switch.
    """

    nominal: int
    data: int

    def duration_ns(self, bit_rate: int, data_bit_rate: int) -> int:
        """Time on the bus."""
        fast = self.data * 1_000_000_000 // data_bit_rate if self.data else 0
        return self.nominal * 1_000_000_000 // bit_rate + fast


@lru_cache(maxsize=65_536)
def length_of(
    frame_id: int, *, extended: bool, data: bytes, fd: bool = False, switched: bool = True
) -> Length:
    """Bits of a data frame.

    Args:
        frame_id: identifier without flags.
        extended: 29 bits.
        data: payload.
        fd: CAN FD format.
        switched: FD with the faster rate from BRS to the CRC delimiter.
    """
    if fd:
        return _fd_length(frame_id, data, extended=extended, switched=switched)
    bits = _head(frame_id, extended=extended)
    bits += f"{'00' if extended else '0'}{len(data):04b}"
    bits += "".join(f"{byte:08b}" for byte in data)
    bits += f"{crc15(bits):015b}"
    return Length(len(bits) + stuff_bits(bits) + TAIL + INTERMISSION, 0)


def stuff_bits(bits: str) -> int:
    """How many bits the transmitter adds: one of the other kind after five alike."""
    added, run, last = 0, 0, ""
    for bit in bits:
        run = run + 1 if bit == last else 1
        last = bit
        if run == RUN:
            added += 1
            last, run = ("1" if bit == "0" else "0"), 1
    return added


def crc15(bits: str) -> int:
    """Checksum of classic CAN over the bits before it, unstuffed."""
    crc = 0
    for bit in bits:
        turn = (crc >> 14 ^ int(bit)) & 1
        crc = crc << 1 & 0x7FFF
        crc ^= CRC15 if turn else 0
    return crc


def arbitration_key(frame_id: int, *, extended: bool) -> tuple[int, int, int]:
    """Order in which frames win the bus: the lower the earlier.

    The 11 leading bits decide first; of equals the base format wins, since its RTR and IDE bits
    are dominant where the extended format has SRR and IDE recessive.
    """
    return (frame_id >> 18, 1, frame_id & 0x3FFFF) if extended else (frame_id, 0, 0)


def _head(frame_id: int, *, extended: bool) -> str:
    """Start of frame to IDE, or to RTR with 29 bits."""
    if extended:
        return f"0{frame_id >> 18:011b}11{frame_id & 0x3FFFF:018b}0"
    return f"0{frame_id:011b}00"


def _fd_length(frame_id: int, data: bytes, *, extended: bool, switched: bool) -> Length:
    code = next(n for n, size in enumerate(FD_SIZES) if size >= len(data))
    padded = data.ljust(FD_SIZES[code], b"\x00")
    start = _head(frame_id, extended=extended) + "10" + ("1" if switched else "0")
    rest = f"0{code:04b}" + "".join(f"{byte:08b}" for byte in padded)
    whole = stuff_bits(start + rest)
    before = stuff_bits(start)
    crc = 4 + 17 + 6 if len(padded) <= FD_SHORT else 4 + 21 + 7
    slow = len(start) + before + TAIL + INTERMISSION
    fast = len(rest) + whole - before + crc
    return Length(slow, fast) if switched else Length(slow + fast, 0)
