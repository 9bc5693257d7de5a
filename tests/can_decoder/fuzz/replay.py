"""Memory over many runs without instruments: `python .../fuzz/replay.py TARGET FOLDER [RUNS]`.

Inputs of FOLDER, which fuzzing has collected, are changed at random places and run again.
Exit code 1 if resident memory grows between the first and the last quarter of the runs by
more than `MOST_KB`.
"""

from __future__ import annotations

import gc
import random
import sys
from pathlib import Path

import targets

from can_decoder import compiled

MOST_KB = 4096
MOST_CHANGES = 20


def changed(raw: bytes, dice: random.Random) -> bytes:
    """The input with up to `MOST_CHANGES` bytes replaced, cut now and then."""
    body = bytearray(raw[: dice.randrange(1, len(raw) + 1)] if dice.random() < 0.2 else raw)
    for _ in range(dice.randrange(MOST_CHANGES)):
        if body:
            body[dice.randrange(len(body))] = dice.randrange(256)
    return bytes(body)


def resident_kb() -> int:
    """Resident memory of this process."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4


def main() -> None:
    """Run the inputs and compare."""
    name, folder, runs = sys.argv[1], Path(sys.argv[2]), int((*sys.argv[3:], "8000")[0])
    if name.startswith("compiled-"):
        compiled.warm_up()
    target = targets.TARGETS[name.removeprefix("compiled-")]
    inputs = [path.read_bytes() for path in sorted(folder.iterdir())]
    dice = random.Random(1)
    levels = []
    for _ in range(4):
        for _ in range(runs // 4):
            target(changed(dice.choice(inputs), dice))
        levels.append(resident_kb())
    print(f"{name}: {runs} runs of {len(inputs)} inputs; resident kB {levels}")
    sys.exit(levels[-1] - levels[0] > MOST_KB)


main()
