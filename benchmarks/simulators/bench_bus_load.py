"""How near the load of a simulated bus is to what was asked, counted by other means.

The frames that left are counted bit by bit here, from ISO 11898-1 alone and not by
`simulators.wire`: the frame as a string, the checksum by long division, a stuff bit after every
run of five. What is compared is the share of the time in which that many bits are on the bus.
"""

from __future__ import annotations

from benchmarks.timing import table
from simulators.dialects import DIALECTS
from simulators.draws import Draws
from simulators.frames import PackFrame
from simulators.models import find_model
from simulators.virtual_pack import VirtualPack
from simulators.wire.line import Line
from simulators.wire.traffic import Traffic

SECONDS = 2.0
LOADS = (0.2, 0.5, 0.8, 1.0)
GENERATOR = 0b1100010110011001
"""x^15 + x^14 + x^10 + x^8 + x^7 + x^4 + x^3 + 1 (ISO 11898-1:2015, 10.4.2.6)."""
AFTER_CHECKSUM = 1 + 2 + 7 + 3
"""Delimiter, acknowledgement and its delimiter, end of frame, intermission."""


def wire_bits(frame: PackFrame) -> int:
    """Bits of a classic data frame on the wire."""
    control = f"{len(frame.data):04b}"
    payload = "".join(f"{byte:08b}" for byte in frame.data)
    if frame.extended:
        name = f"{frame.frame_id:029b}"
        head = "0" + name[:11] + "11" + name[11:] + "000"
    else:
        head = "0" + f"{frame.frame_id:011b}" + "000"
    sent = head + control + payload
    remainder = int(sent, 2) << 15
    for place in range(len(sent) - 1, -1, -1):
        if remainder >> (place + 15) & 1:
            remainder ^= GENERATOR << place
    return _stuffed(sent + f"{remainder:015b}") + AFTER_CHECKSUM


def _stuffed(bits: str) -> int:
    out = ""
    for bit in bits:
        out += bit
        if out[-5:] in ("00000", "11111"):
            out += "1" if bit == "0" else "0"
    return len(out)


def of_a_pack(model: str, load: float) -> tuple[float, int]:
    """Counted load of a pack with other units, and how many of its frames were the pack's."""
    pack = VirtualPack("", model=model, load=load)
    frames = pack.run(SECONDS, current_a=50.0)
    bits = sum(wire_bits(timed.frame) for timed in frames)
    return bits / DIALECTS[find_model(model).dialect].bit_rate / SECONDS, len(frames)


def of_other_units(load: float) -> tuple[float, int]:
    """The same without a pack."""
    line = Line(500_000)
    traffic = Traffic(line, load, False, Draws(3))
    frames = []
    for tick in range(int(SECONDS * 10)):
        traffic.fill(tick * 10**8, (tick + 1) * 10**8, 0)
        frames += line.carry((tick + 1) * 10**8)
    return sum(wire_bits(f.frame) for f in frames) / 500_000 / SECONDS, len(frames)


def main() -> None:
    """Print the table."""
    rows: list[tuple[object, ...]] = []
    worst = 0.0
    for load in LOADS:
        cells: list[object] = [f"{load:.0%}"]
        for counted, frames in (
            of_other_units(load),
            of_a_pack("SXA-96N150", load),
            of_a_pack("SXB-112N120", load),
        ):
            cells.append(f"{counted:.2%} ({frames} frames)")
            worst = max(worst, abs(counted - load) * (counted < 1.0 or load < 1.0))
        rows.append(tuple(cells))
    table(
        ("asked", "other units, 500 kbit/s", "with SXA, 500 kbit/s", "with SXB, 250 kbit/s"), rows
    )
    print(f"\nlargest difference {100 * worst:.2f} percentage points in {SECONDS:g} s")
