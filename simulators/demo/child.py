"""A process of the demonstration, which lives no longer than its parent.

    python -m simulators.demo.child broker PORT
    python -m simulators.demo.child mosquitto PROGRAM FILE
    python -m simulators.demo.child line bridge run --settings bridge.toml
    python -m simulators.demo.child station station.toml gateway run --settings gateway.toml

The parent holds the other end of standard input. An empty line from there stops the station,
`clock SECONDS` sets this process's clock, as by hand. When it closes, however the parent ended,
the child ends as if by SIGTERM, and by force if that takes too long. The last form runs a command
line in the main thread and the station beside it, for a virtual bus lives in one process.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Final, NoReturn

from packtrail import logs
from packtrail.command import EXIT_FAULT, run_line
from packtrail.errors import PacktrailError
from packtrail.settings import load
from simulators.run import StationRun
from simulators.settings import StationSettings

PATIENCE_S: Final = 8.0
_machine_ns = time.time_ns
_PR_SET_PDEATHSIG: Final = 1


def main(arguments: list[str]) -> int:
    """Do what the arguments say; returns the exit code."""
    quiet = threading.Event()
    threading.Thread(target=_follow_parent, args=(quiet,), name="parent", daemon=True).start()
    try:
        return _run(arguments[0], arguments[1:], quiet)
    except PacktrailError as error:
        print(f"packtrail: {error.describe()}", file=sys.stderr)  # noqa: T201 - a process's last word
        return EXIT_FAULT


def _run(kind: str, rest: list[str], quiet: threading.Event) -> int:
    if kind == "broker":
        from simulators.demo.broker import serve  # noqa: PLC0415 - the others need no broker

        serve(int(rest[0]))
        return 0
    if kind == "mosquitto":
        _become([rest[0], "-c", rest[1]])
    if kind == "station":
        return _station(Path(rest[0]), rest[1:], quiet)
    return run_line(rest)


def _become(line: list[str]) -> NoReturn:
    """Run another program in this process; the kernel ends it with its parent (prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    os.execvp(line[0], line)  # noqa: S606 - a program that the caller has looked for


def _station(settings: Path, line: list[str], stop: threading.Event) -> int:
    """The station in a thread, the command line in the main thread, where signals arrive."""
    run = StationRun(load(StationSettings, settings))
    truth = settings.with_suffix(".truth.json")
    beside = threading.Thread(target=_run_station, args=(run, stop, truth), name="station")
    beside.start()
    try:
        return run_line(line)
    finally:
        stop.set()
        beside.join(PATIENCE_S)


def _run_station(run: StationRun, stop: threading.Event, truth: Path) -> None:
    try:
        run.go_live(stop)
        run.write_truth(truth)
    except PacktrailError as error:
        logs.get("simulators.station").error("station_failed", why=error.describe())
        os.kill(os.getpid(), signal.SIGTERM)


def set_clock(ahead_s: float) -> None:
    """Let this process's wall clock go so far ahead of the machine's, which nobody touches."""
    ahead_ns = round(ahead_s * 1e9)
    time.time_ns = lambda: _machine_ns() + ahead_ns
    time.time = lambda: time.time_ns() / 1e9


def _follow_parent(quiet: threading.Event) -> None:
    # Not through sys.stdin: its lock, held by a daemon thread, would abort the interpreter's end.
    said = b""
    while piece := os.read(sys.stdin.fileno(), 100):
        *lines, said = (said + piece).split(b"\n")
        for line in lines:
            if line.startswith(b"clock "):
                set_clock(float(line[6:]))
            else:
                quiet.set()
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(PATIENCE_S)
    os._exit(EXIT_FAULT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
