"""Reading candump and BLF logs into arrays, against python-can's readers.

The same 300,000 frames in both forms. Bars: candump 5 x with numpy alone and 20 x with
numba, BLF 5 x and 10 x.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import can
import numpy as np

import can_decoder
from benchmarks.timing import compared, table
from can_decoder import compiled

COUNT = 300_000
ROUNDS = 5


def write_logs(folder: Path) -> dict[str, Path]:
    """The same frames as candump text and as BLF."""
    random = np.random.default_rng(1)
    paths = {"candump": folder / "bus.log", "BLF": folder / "bus.blf"}
    with can.BLFWriter(paths["BLF"]) as blf, paths["candump"].open("w") as text:
        for row in range(COUNT):
            extended = row % 3 == 0
            frame_id = int(random.integers(1 << 29 if extended else 1 << 11))
            data = random.bytes(8 if row % 4 else 6)
            t_s = 1_700_000_000 + row * 1e-4
            blf(can.Message(t_s, frame_id, is_extended_id=extended, data=data, channel=row % 2))
            digits = f"{frame_id:08X}" if extended else f"{frame_id:03X}"
            text.write(f"({t_s:.6f}) can{row % 2} {digits}#{data.hex().upper()}\n")
    return paths


def ours(path: Path) -> int:
    """Frames through our readers."""
    return sum(len(batch) for batch in can_decoder.read_log(path))


def theirs(path: Path) -> int:
    """Frames through python-can's readers."""
    with can.LogReader(path) as reader:
        return sum(1 for _ in reader)


def counted(call: Callable[[Path], int], path: Path) -> None:
    """Read a log whole."""
    count = call(path)
    if count != COUNT:
        raise ValueError(f"{count} of {COUNT} frames")


def main() -> None:
    """Print frames per second and ratios."""
    with tempfile.TemporaryDirectory() as folder:
        paths = write_logs(Path(folder))
        rows: list[tuple[object, ...]] = []
        for name, path in paths.items():
            rows += compare(name, path, "numpy")
        if compiled.is_available():
            compiled.warm_up()
            for name, path in paths.items():
                ours(path)
                rows += compare(name, path, "numba")
    table(("log", "reader", "million frames/s", "against python-can"), rows)


def compare(name: str, path: Path, kind: str) -> list[tuple[object, ...]]:
    """Both readers, round by round."""
    contenders = {
        f"packtrail, {kind}": lambda: counted(ours, path),
        "python-can": lambda: counted(theirs, path),
    }
    times = compared(contenders, "python-can", rounds=ROUNDS)
    return [
        (name, reader, f"{COUNT / us:.2f}", f"{ratio:.1f} x")
        for reader, (us, ratio) in times.items()
    ]


if __name__ == "__main__":
    main()
