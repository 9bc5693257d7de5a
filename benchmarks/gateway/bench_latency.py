"""How long from a frame to the local alarm, and from a frame to the bridge's commit.

Twenty quiet buses and one on which a pack gets hot and cools down again and again; a web server
of the site takes the alarm, a player of the bridge behind mosquitto the signed event. Times count
from the moment before the first hot frame is sent. Limits: 500 ms to the local alarm.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np

from benchmarks.gateway.bench_frames import pack_log, slots
from benchmarks.gateway.datagrams import Sender
from benchmarks.timing import table
from packtrail.event import IncidentRecorded, decode_event
from tests.gateway.bridge_player import BridgePlayer
from tests.gateway.stations import write_settings
from tests.services import Mosquitto

ROUNDS = 20
QUIET_BUSES = 20
PERIOD_S = 0.1
KIND = "cell_over_voltage"
CELLS_ID = 257
"""SXA_Cells of sim_sxa.dbc."""


class Siren:
    """Keeps when each alarm was heard."""

    def __init__(self) -> None:
        self.heard: list[float] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            """Takes alarms."""

            def do_POST(self) -> None:
                """Take one."""
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if body["kind"] == KIND and body["state"] == "active":
                    outer.heard.append(time.monotonic())
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def pages(millivolts: int) -> np.ndarray:
    """The frame of a simulated pack's first four cells, all at one voltage: 13 bits each."""
    bits = sum(millivolts << start for start in (8, 21, 34, 47))
    frame = np.zeros((1, 16), np.uint8)
    frame[0, :4] = np.array([CELLS_ID], np.uint32).view(np.uint8)
    frame[0, 4] = 8
    frame[0, 8:] = np.frombuffer(bits.to_bytes(8, "little"), np.uint8)
    return frame


def bridge_times(bridge: BridgePlayer, heard: dict[int, float], stop: threading.Event) -> None:
    """Note when each alarm record was committed by the player."""
    while not stop.is_set():
        for (_, seq), record in list(bridge.records.items()):
            if seq not in heard and record.kind.carries_event:
                body = decode_event(record.body).read().body
                if isinstance(body, IncidentRecorded) and body.kind == KIND and not body.cleared:
                    heard[seq] = time.monotonic()
                else:
                    heard[seq] = 0.0
        time.sleep(0.002)


def main() -> None:
    """Print both latencies."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        siren, broker = Siren(), Mosquitto(folder / "mosquitto")
        broker.start()
        bridge = BridgePlayer(broker.port)
        output = (
            '[[alarms.output]]\nby = "http"\n'
            f'url = "http://127.0.0.1:{siren.server.server_port}/"\n'
        )
        settings = write_settings(folder, broker.port, slots(QUIET_BUSES + 1) + output)
        command = [sys.executable, "-m", "benchmarks.gateway.measured_gateway", str(settings)]
        gateway = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        ports = json.loads(gateway.stdout.readline())
        load_s = ROUNDS * 1.6 + 5
        feeder = [sys.executable, "-m", "benchmarks.gateway.datagrams", str(pack_log(folder))]
        quiet = subprocess.Popen(
            [*feeder, str(load_s), "500", *map(str, ports[:-1])], stdout=subprocess.DEVNULL
        )
        calm, hot = Sender(pages(3300), ports[-1]), Sender(pages(4500), ports[-1])
        stop, heard = threading.Event(), dict[int, float]()
        threading.Thread(target=bridge_times, args=(bridge, heard, stop), daemon=True).start()
        local, remote, jitter = [], [], random.Random(1)
        for _ in range(ROUNDS):
            for _ in range(8):
                calm.send(1)
                time.sleep(PERIOD_S * jitter.uniform(0.5, 1.5))
            told, committed = len(siren.heard), {s for s, t in heard.items() if t}
            began = time.monotonic()
            for _ in range(8):
                hot.send(1)
                time.sleep(PERIOD_S * jitter.uniform(0.5, 1.5))
            local += [at - began for at in siren.heard[told : told + 1]]
            remote += [at - began for seq, at in heard.items() if at and seq not in committed][:1]
        stop.set()
        quiet.terminate()
        quiet.wait()
        gateway.terminate()
        gateway.wait()
        bridge.close()
        broker.stop()
    rows = [
        (what, len(times), *(f"{1000 * np.percentile(times, q):.0f} ms" for q in (50, 99)))
        for what, times in (("frame to local alarm (HTTP)", local), ("frame to commit", remote))
    ]
    table((f"{QUIET_BUSES} other buses at 500 frames/s", "alarms", "p50", "p99"), rows)


if __name__ == "__main__":
    main()
