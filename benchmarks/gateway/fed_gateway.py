"""A gateway whose virtual buses are fed from a log at its own pace: the process that is measured.

    python -m benchmarks.gateway.fed_gateway SETTINGS LOG

The feeder is a thread that reads a line at a time, so what it adds to the memory is small.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from gateway.bus.python_can import can
from packtrail.command import run_line


def feed(log: Path) -> None:
    """Send every line of a candump log when its time has come, then end the process."""
    buses: dict[str, can.BusABC] = {}
    began, origin = time.monotonic(), None
    with log.open() as lines:
        for line in lines:
            stamp, channel, frame = line.split()
            at = float(stamp.strip("()"))
            origin = at if origin is None else origin
            time.sleep(max(began + at - origin - time.monotonic(), 0))
            name, data = frame.split("#")
            if channel not in buses:
                buses[channel] = can.Bus(
                    interface="virtual",
                    channel=channel,
                    preserve_timestamps=True,
                    receive_own_messages=False,
                    ignore_config=True,
                )
            buses[channel].send(
                can.Message(
                    timestamp=at,
                    arbitration_id=int(name, 16),
                    is_extended_id=len(name) == 8,
                    data=bytes.fromhex(data),
                )
            )
    for bus in buses.values():
        bus.shutdown()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    feeder = threading.Thread(target=feed, args=(Path(sys.argv[2]),), daemon=True)
    feeder.start()
    sys.exit(run_line(["gateway", "run", "--settings", sys.argv[1]]))
