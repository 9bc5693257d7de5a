"""`make bench`: every figure that the README and the docs state, measured again.

`python -m benchmarks [NAME ...]` runs some of them. Each benchmark is a module with `main()`
that prints a small table of medians and ratios; a ratio's peer or limit is measured in the
same run, because machines are shared and noisy.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent


def names() -> list[str]:
    """Every benchmark, as a dotted name below this package."""
    files = [*HERE.glob("*.py"), *HERE.glob("*/bench_*.py")]
    modules = (file.relative_to(HERE).with_suffix("") for file in files)
    return sorted(".".join(m.parts) for m in modules if m.name[:2] != "__" and m.name != "timing")


def main(wanted: list[str]) -> int:
    """Run the benchmarks whose name begins with one of `wanted`, or all."""
    chosen = [name for name in names() if not wanted or name.startswith(tuple(wanted))]
    if not chosen:
        print(f"no benchmark of that name; there are: {', '.join(names())}", file=sys.stderr)
        return 2
    for name in chosen:
        print(f"\n## {name}\n", flush=True)
        import_module(f"benchmarks.{name}").main()
    return 0


sys.exit(main(sys.argv[1:]))
