"""The configuration by which ThingsBoard IoT Gateway reads a simulated pack.

Its connector knows byte slices and Python expressions, so each signal of the DBC becomes a slice
of eight bytes, shifted and masked; the byte of a multiplexor becomes its "command".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cantools

GATEWAY_SETTINGS: dict[str, Any] = {
    "thingsboard": {
        "host": "127.0.0.1",
        "remoteShell": False,
        "remoteConfiguration": False,
        "statistics": {"enable": False},
        "deviceFiltering": {"enable": False},
        "maxPayloadSizeBytes": 8196,
        "minPackSendDelayMS": 50,
        "minPackSizeToSend": 500,
        "checkConnectorsConfigurationInSeconds": 60,
        "handleDeviceRenaming": True,
        "security": {"type": "accessToken", "accessToken": "benchmark"},
        "qos": 1,
        "reportStrategy": {"type": "ON_RECEIVED"},
        "checkingDeviceActivity": {"checkDeviceInactivity": False},
    },
    "storage": {"type": "memory", "read_records_count": 100, "max_records_count": 100000},
    "grpc": {"enabled": False},
}
"""As its own sample has it, but for statistics, remote configuration and the host."""


def expression(signal: Any, bits: int) -> str:
    """The signal's physical value from the frame's `bits` as one integer, `value`."""
    start = signal.start
    if signal.byte_order == "big_endian":
        start = bits - (8 * (start // 8) + 7 - start % 8) - signal.length
    raw = f"((value >> {start}) & {(1 << signal.length) - 1})"
    if signal.is_signed:
        half = 1 << (signal.length - 1)
        raw = f"(({raw} ^ {half}) - {half})"
    return f"{raw} * {signal.scale} + {signal.offset}"


def timeseries(database: Path, ids: frozenset[int]) -> Iterator[dict[str, Any]]:
    """One entry per signal of the messages that are heard, without counters and checksums."""
    for message in cantools.database.load_file(database).messages:
        for signal in message.signals if message.frame_id in ids else ():
            if signal.is_multiplexer or signal.name in {"AliveCounter", "Checksum"}:
                continue
            order = "big" if signal.byte_order == "big_endian" else "little"
            entry = {
                "key": signal.name,
                "nodeId": message.frame_id,
                "value": f"0:{message.length}:{order}:long",
                "expression": expression(signal, 8 * message.length),
            }
            if signal.multiplexer_ids:
                entry["command"] = f"0:1:little:{signal.multiplexer_ids[0]}"
            yield entry


def write(
    folder: Path, broker_port: int, ports: Sequence[int], database: Path, ids: frozenset[int]
) -> None:
    """A folder of settings: a CAN connector for each port, each with one pack."""
    settings = json.loads(json.dumps(GATEWAY_SETTINGS))
    settings["thingsboard"]["port"] = broker_port
    settings["connectors"] = []
    for port in ports:
        name, file = f"pack {port}", f"can{port}.json"
        settings["connectors"].append({"name": name, "type": "can", "configuration": file})
        device = {"name": name, "strictEval": True, "timeseries": list(timeseries(database, ids))}
        connector = {"name": name, "interface": "socketcan", "channel": str(port), "backend": {}}
        (folder / file).write_text(json.dumps({**connector, "devices": [device]}))
    (folder / "tb_gateway.json").write_text(json.dumps(settings))
    (folder / "logs").mkdir(exist_ok=True)
