"""Random histories in random orders with repetitions: every fold gives the same bytes.

`python -m benchmarks.cloud_bridge.bench_histories [HISTORIES]`
"""

from __future__ import annotations

import random
import sys
import time

from cloud_bridge.fold import digest, fold
from tests.cloud_bridge.lives import random_life
from tests.cloud_bridge.parts import PACK

ORDERS = 3


def run(histories: int) -> None:
    rng = random.Random(1)
    differing = folds = events = 0
    begin = time.perf_counter()
    for _ in range(histories):
        facts = random_life(rng)
        expected = digest(fold(PACK, facts))
        for _ in range(ORDERS):
            shuffled = facts + rng.choices(facts, k=3)
            rng.shuffle(shuffled)
            differing += digest(fold(PACK, shuffled)) != expected
        folds += 1 + ORDERS
        events += len(facts)
    spent = time.perf_counter() - begin
    print(f"{histories} histories of {events} events, {folds} folds in {spent:.0f} s")
    print(f"digests that differ: {differing}")


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
