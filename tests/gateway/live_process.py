"""A gateway in a process of its own with a battery on a virtual bus, so that it can be killed.

Every frame's time is printed before it is sent: what was printed was on the bus.
"""

from __future__ import annotations

import sys
import threading
import time

import can

from packtrail.command import run_line
from tests.gateway.leaf import Leaf

PERIOD_S = 0.05


def speak(stop: threading.Event) -> None:
    """Twenty frames a second, by this computer's clock."""
    leaf = Leaf()
    with can.Bus(
        interface="virtual", channel="leaf", preserve_timestamps=True, ignore_config=True
    ) as bus:
        while not stop.wait(PERIOD_S):
            now = time.time()
            print(now, flush=True)
            for frame_id, data in (
                (leaf.status_id, leaf.status(30)),
                (leaf.charge_id, leaf.charge(60)),
            ):
                bus.send(
                    can.Message(
                        timestamp=now, arbitration_id=frame_id, data=data, is_extended_id=False
                    )
                )


if __name__ == "__main__":
    done = threading.Event()
    voice = threading.Thread(target=speak, args=(done,))
    voice.start()
    code = run_line(["gateway", "run", "--settings", sys.argv[1]])
    done.set()
    voice.join()
    sys.exit(code)
