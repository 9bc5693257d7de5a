"""The values behind the golden files, and how to write them anew.

`python -m tests.packtrail.golden` writes the files; do so only when the wire's format number
changes, for gateways in the field go on sending the old one.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from packtrail.columns import encode_columns
from packtrail.event import Event, SwapPerformed, UnitRef, VehicleRef, at, encode_event, sign_event
from packtrail.receipt import Receipt, Refusal, seal_receipt
from packtrail.record import Kind, Record, seal
from packtrail.sample import SampleBatch
from packtrail.signing import SigningKey
from packtrail.times import ClockQuality

FOLDER = Path(__file__).parent / "golden"
KEY = SigningKey.from_seed(bytes(range(32)))
T0 = 1_775_001_600_000_000_000
EPOCH = "00c0ffee00c0ffee"

SAMPLES = SampleBatch(
    T0 + np.array([0, 1, 2, 4]) * 1_000_000_000,
    {
        "pack_current_a": np.array([0.0, 99.95, 100.0, np.nan]),
        "cell_voltage_v": np.array([[3.301, 3.299], [3.31, np.nan], [3.312, 3.31], [3.313, 3.31]]),
        "soc_pct": np.array([20.0, 20.0, 20.03, 20.08]),
    },
    {"soc_pct": np.array([0.0, 0.25, 0.5, 2.5])},
)
CHUNK = encode_columns(SAMPLES)
LISTED = (FOLDER / "chunk-1.bin").read_bytes()
"""The same samples as gateways sent them before."""
RECORD = Record(
    gateway="station-7",
    epoch=EPOCH,
    seq=17,
    kind=Kind.TELEMETRY,
    unit=UnitRef("gbt34014", "000PB0100000ABG410000001"),
    slot="3",
    t_ns=T0,
    sealed_ns=T0 + 60_000_000_000,
    mono_ns=123_456_789,
    clock=ClockQuality.SYNCED,
    body=LISTED,
)
EVENT = Event(
    unit=UnitRef("gbt34014", "000PB0100000ABG410000001"),
    **at(T0, T0 + 5_000_000_000),
    clock=ClockQuality.FREE,
    author="station-7",
    stream=EPOCH,
    counter=3,
    body=SwapPerformed(
        vehicle=VehicleRef("vin", "LTEST000000000001"),
        site="hangzhou-1",
        unit_out=UnitRef("gbt34014", "02KPBFD132043CA5V0000027"),
        order="换电-0001",
        soc_in_pct=18.5,
        soc_out_pct=92.0,
        soh_out=0.913,
    ),
)
RECEIPT = Receipt(
    gateway="station-7",
    epoch=EPOCH,
    through=16,
    ahead=(18, 19),
    refused=(Refusal(9, "columns", "format 2"),),
    committed_ns=T0 + 61_000_000_000,
)


def files() -> dict[str, bytes]:
    """Name and content of every golden file."""
    return {
        "chunk-2.bin": CHUNK,
        "record-1.bin": seal(RECORD, KEY),
        "receipt-1.bin": seal_receipt(RECEIPT, KEY),
        "event-1.json": encode_event(sign_event(EVENT, KEY)),
    }


if __name__ == "__main__":
    for name, content in files().items():
        (FOLDER / name).write_bytes(content)
