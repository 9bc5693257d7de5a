"""An outbox in a process of its own, told by lines of JSON what to do, so that it can be killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from gateway.outbox import OutboxOptions, SqliteOutbox
from packtrail import logs
from tests.gateway.drafts import GATEWAY, KEY, alarm, opened, receipt, telemetry

REPOSITORY = Path(__file__).parents[2]


class OutboxProcess:
    """The parent's end."""

    def __init__(self, path: Path) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.gateway.outbox_process", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=REPOSITORY,
        )

    def tell(self, verb: str, *values: int) -> None:
        """Give an order without waiting for it."""
        self._child.stdin.write(json.dumps([verb, *values]).encode() + b"\n")
        self._child.stdin.flush()

    def ask(self, verb: str, *values: int) -> Any:
        """Give an order and wait for its answer."""
        self.tell(verb, *values)
        return json.loads(self._child.stdout.readline())

    def kill(self) -> None:
        """kill -9."""
        self._child.send_signal(signal.SIGKILL)
        self._end()

    def close(self) -> None:
        """Let it commit and leave."""
        self._child.stdin.close()
        self._end()

    def _end(self) -> None:
        self._child.wait(10)
        for pipe in (self._child.stdin, self._child.stdout):
            if not pipe.closed:
                pipe.close()


def serve(path: Path) -> None:
    """The child's end."""
    quick = OutboxOptions(record_wait_s=0.005, lazy_wait_s=0.005)
    outbox = SqliteOutbox(path, gateway=GATEWAY, key=KEY, options=quick)
    pending = []
    for line in sys.stdin:
        verb, *values = json.loads(line)
        match verb:
            case "telemetry":
                pending.append(outbox.put(telemetry(*values)))
            case "alarm":
                pending.append(outbox.put(alarm(*values)))
            case "confirm":
                print(json.dumps([future.result().seq for future in pending]), flush=True)
                pending.clear()
            case "settle":
                settled = outbox.settle(receipt(outbox.epoch, values[0], values[1:])).result()
                print(json.dumps(settled.stored), flush=True)
            case "waiting":
                rows = [opened(row.sealed) for row in outbox.waiting(after=0, limit=-1)]
                content = [[r.epoch, r.seq, r.t_ns, r.kind.carries_event] for r in rows]
                print(json.dumps(content), flush=True)
    outbox.close()


if __name__ == "__main__":
    logs.configure()
    serve(Path(sys.argv[1]))
