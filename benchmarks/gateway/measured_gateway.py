"""A gateway whose buses read datagram sockets: the process that is measured.

    python -m benchmarks.gateway.measured_gateway SETTINGS

Prints the ports of its buses as JSON, runs until SIGTERM, then prints what became of the frames.
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

from gateway.bus import BusOptions, BusReader
from gateway.bus.socketcan import SocketCanSource
from gateway.main import Gateway
from gateway.settings import GatewaySettings
from gateway.supervision import run_until_stopped
from packtrail import logs
from packtrail.settings import load


def datagram_reader(name: str, gateway: Gateway, ports: list[int]) -> BusReader:
    """A reader of SocketCAN frames that come as datagrams."""
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind(("127.0.0.1", 0))
    ports.append(line.getsockname()[1])
    options = BusOptions(name, "socketcan", name)
    return BusReader(options, gateway.mailbox, open_bus=lambda: SocketCanSource(line))


def main(settings: Path) -> int:
    """Run it."""
    logs.configure(as_json=True)
    gateway, ports = Gateway(load(GatewaySettings, settings)), []
    gateway.buses = [datagram_reader(bus.name, gateway, ports) for bus in gateway.settings.bus]
    print(json.dumps(ports), flush=True)
    code = run_until_stopped(gateway)
    states = [reader.state for reader in gateway.buses]
    told = {
        "frames": gateway.pipeline.frames,
        "heard": sum(state.frames for state in states),
        "dropped": sum(state.dropped for state in states),
        "overflowed": sum(state.overflowed for state in states),
        "samples": sum(slot.samples for slot in gateway.pipeline.slots.values()),
    }
    print(json.dumps(told), flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
