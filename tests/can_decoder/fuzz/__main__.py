"""Coverage-guided fuzzing: `python tests/can_decoder/fuzz TARGET -max_total_time=600`.

Targets: dbc, logs, container (the inside of a BLF), transport; `compiled-logs` and
`compiled-container` are the same through numba, with its bounds checked. A finding is an
exception, an endless loop (`-timeout`) or a memory that grows without bound
(`-rss_limit_mb`). The extra `fuzz` installs atheris, whose instruments themselves keep some
kilobytes a run: `replay.py` tells their memory from ours. What follows the target goes to
libFuzzer; a folder there collects inputs that reach new code.
"""

from __future__ import annotations

import os
import sys

import atheris

os.environ["NUMBA_BOUNDSCHECK"] = "1"  # read when numba is imported
KERNELS = ["can_decoder.kernels", "can_decoder.logs.kernels"]  # numba's, not to be rewritten

with atheris.instrument_imports(include=["can_decoder"], exclude=KERNELS):
    import targets

    from can_decoder import compiled


def main() -> None:
    """Fuzz the target that the command line names."""
    target = targets.TARGETS[sys.argv[1].removeprefix("compiled-")]
    if sys.argv[1].startswith("compiled-"):
        compiled.warm_up()
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target)
    atheris.Fuzz()


main()
