"""Digests of what one seed makes, as JSON on standard output: run by `bench_determinism`.

python -m benchmarks.simulators.digests
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np

from simulators.ensemble.lives import FleetLives
from simulators.models import ALL_MODELS
from simulators.run import StationRun
from simulators.settings import StationSettings
from simulators.virtual_pack import VirtualPack


def of_station(seed: int) -> str:
    """A candump log of a crowded station and its truth."""
    settings = {"seed": seed, "speed": 60.0, "bus": {"load": 0.2}}
    run = StationRun(StationSettings.model_validate(settings))
    with tempfile.TemporaryDirectory() as folder:
        log, truth = Path(folder, "station.log"), Path(folder, "truth.json")
        run.write_log(log, 3.0)
        run.write_truth(truth)
        return hashlib.sha256(log.read_bytes() + truth.read_bytes()).hexdigest()


def of_packs(seed: int) -> str:
    """Frames of a pack of every model, charged, then discharged."""
    whole = hashlib.sha256()
    for model in ALL_MODELS:
        pack = VirtualPack("", model=model, seed=seed, load=0.2, speed=10.0)
        for current in (90.0, -120.0):
            whole.update(repr(pack.run(0.5, current_a=current)).encode())
    return whole.hexdigest()


def of_fleet(seed: int) -> str:
    """Every value of a fleet's first eight days."""
    return FleetLives.simulate(6, 8, seed=seed, step_s=300).digest


def main() -> None:
    """Print them."""
    made = {"station": of_station(3), "packs": of_packs(3), "fleet": of_fleet(3)}
    print(json.dumps({"numpy": np.__version__, "made": made}))


if __name__ == "__main__":
    main()
