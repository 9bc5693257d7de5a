"""Live decoding, frame by frame into dicts, and loading a large DBC, against cantools.

A mixed bus of 30 messages; values are compared before anything is timed. Bars: 3.3 x live,
5 x for loading a DBC of 0.8 MB, which takes less than 200 ms.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import cantools

import can_decoder
from benchmarks.can_decoder import bus
from benchmarks.timing import compared, table
from can_decoder import cache

FRAMES = 1000
COPIES = 150
ROUNDS = 15
LOADS = 5


def main() -> None:
    """Print both tables."""
    live()
    print()
    loading()


def live() -> None:
    """One frame in, one dict out."""
    database = bus.database()
    peer = cantools.database.load_string(bus.dbc_text(), "dbc")
    batch = bus.frames(FRAMES)
    frames = [
        (int(batch.ids[row]), bool(batch.extended[row]), batch.payload(row))
        for row in range(FRAMES)
    ]
    for frame_id, extended, data in frames[:500]:
        ours = database.decode(frame_id, extended, data)
        theirs = peer.decode_message(frame_id, data, decode_choices=False)
        if any(
            abs(ours[name] - value) > 1e-9 * max(1, abs(value)) for name, value in theirs.items()
        ):
            raise ValueError(f"{frame_id:X} differs")

    def ours() -> None:
        for frame_id, extended, data in frames:
            database.decode(frame_id, extended, data)

    def peers() -> None:
        for frame_id, _, data in frames:
            peer.decode_message(frame_id, data, decode_choices=False)

    contenders = {
        "packtrail decode": ours,
        "packtrail decode_many": lambda: database.decode_many(frames),
        "cantools decode_message": peers,
    }
    times = compared(contenders, "cantools decode_message", repeat=4, rounds=ROUNDS)
    rows: list[tuple[object, ...]] = [
        (name, f"{us / FRAMES * 1000:.0f}", f"{ratio:.1f} x") for name, (us, ratio) in times.items()
    ]
    table(("live", "ns per frame", "against cantools"), rows)


def big_dbc() -> str:
    """The bus many times over, with value tables and comments: about 0.8 MB."""
    lines, tables = ['VERSION ""', "", "NS_ :", "", "BS_:", "", "BU_: BMS", ""], []
    for copy in range(COPIES):
        for number in range(12):
            frame_id = copy * 12 + number
            lines.append(f"BO_ {frame_id} C{copy:03d}M{number:02d}: 8 BMS")
            for place, layout in enumerate(bus.SHAPES[number % len(bus.SHAPES)]):
                name = f"C{copy:03d}M{number:02d}_S{place}"
                lines.append(f' SG_ {name} : {layout} [0|0] "" Vector__XXX')
            tables.append(f'CM_ SG_ {frame_id} {name} "State of the copy number {copy}.";')
            tables.append(f'VAL_ {frame_id} {name} 0 "off" 1 "on" 2 "fault" 3 "not available" ;')
            lines.append("")
    return "\n".join([*lines, *tables, ""])


def loading() -> None:
    """A file from disk to a database."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.dbc"
        path.write_text(big_dbc())
        os.environ[cache.VARIABLE] = folder
        contenders = {
            "packtrail": lambda: can_decoder.load(path, cached=False),
            "packtrail, from its cache": lambda: can_decoder.load(path),
            "cantools": lambda: cantools.database.load_file(path),
        }
        times = compared(contenders, "cantools", rounds=LOADS)
        size = path.stat().st_size / 1e6
    rows: list[tuple[object, ...]] = [
        (name, f"{us / 1000:.0f}", f"{ratio:.1f} x") for name, (us, ratio) in times.items()
    ]
    table((f"loading a DBC of {size:.2f} MB", "ms", "against cantools"), rows)


if __name__ == "__main__":
    main()
