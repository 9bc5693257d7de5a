"""A gateway whose every record is known: the real outbox and uplink, fed with numbers.

    python -m tests.acceptance.known_stream FOLDER GATEWAY PORT PROTOCOL BRIDGE_KEY RUN UNTIL

Each record carries a number that no other record carries. A number is written to the journal
only after the outbox has said that it is on disk; from then on it must reach the bridge. The
process makes records until the file UNTIL exists, then ends by itself once nothing is waiting.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from gateway.outbox import Draft, Fact, SqliteOutbox, Telemetry
from gateway.uplink import Broker, Uplink, paho_links
from packtrail.codes import PackCode
from packtrail.columns import encode_columns
from packtrail.event import IncidentRecorded
from packtrail.record import Kind
from packtrail.sample import SampleBatch
from packtrail.signing import SigningKey, VerifyKey
from packtrail.times import ClockQuality

NUMBERS_PER_RUN = 1_000_000
PAUSE_S = 0.03
T0 = 1_775_000_000_000_000_000
UNIT = PackCode.parse("000PB0100000ABG410000001").unit


def draft(number: int) -> Draft:
    """Record `number`: every seventh is an alarm, the others are telemetry."""
    t_ns = T0 + number * 1_000_000
    if number % 7 == 0:
        body = IncidentRecorded("known_stream", "watch", value=float(number))
        return Fact(Kind.ALARM, UNIT, "1", t_ns, t_ns, ClockQuality.SYNCED, body)
    batch = SampleBatch(np.array([t_ns]), {"charge_throughput_ah": np.array([float(number)])})
    return Telemetry(UNIT, "1", t_ns, ClockQuality.SYNCED, encode_columns(batch))


def main(folder: Path, gateway: str, broker: Broker, bridge: str, run: int, until: Path) -> None:
    """Make records, then wait for the last receipt."""
    key = SigningKey.load(folder / "gateway.pem")
    outbox = SqliteOutbox(folder / "outbox.db", gateway=gateway, key=key)
    links = paho_links(broker, gateway, 64)
    uplink = Uplink(
        outbox,
        gateway=gateway,
        bridge=VerifyKey.from_text(bridge),
        make_link=links,
        patience_s=2.0,
    )
    uplink.start()
    make_records(outbox, folder / "journal", run * NUMBERS_PER_RUN, until)
    while outbox.counters().waiting:
        time.sleep(0.05)
    uplink.stop()
    outbox.close()


def make_records(outbox: SqliteOutbox, journal: Path, number: int, until: Path) -> None:
    """Put records one after another; journal each once it is on disk."""
    with journal.open("a", buffering=1) as file:
        while not until.exists():
            number += 1
            outbox.put(draft(number)).add_done_callback(
                lambda done, n=number: None if done.cancelled() else file.write(f"{n}\n")
            )
            time.sleep(PAUSE_S)


if __name__ == "__main__":
    place, name, port, protocol, bridge_key, run_number, end = sys.argv[1:]
    address = Broker("127.0.0.1", int(port), version=protocol, client_id=name)
    main(Path(place), name, address, bridge_key, int(run_number), Path(end))
