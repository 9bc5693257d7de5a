"""What is fuzzed: functions that take any bytes and must neither raise nor hang."""

from __future__ import annotations

import gzip
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import can_decoder
from can_decoder import Database
from can_decoder.dbc import read_dbc
from can_decoder.gbt27930 import ChargeMonitor
from can_decoder.gbt32960 import Message, read_login, read_report, sample_of, scan
from can_decoder.transport import (
    Addressing,
    FastPacketListener,
    IsoTpEndpoint,
    IsoTpListener,
    J1939Listener,
)

FOLDER = Path(tempfile.mkdtemp(prefix="packtrail-fuzz-"))
SUFFIXES = (".log", ".blf", ".csv", ".log.gz", ".asc", "")
MOST_LINES = 400


def fuzz_dbc(raw: bytes) -> None:
    """Any bytes load; every message decodes any payload and encodes what it decoded."""
    database = Database(*read_dbc(raw, "fuzz.dbc"))
    for layout in database.messages[:20]:
        for payload in (b"", raw[:8], raw[-64:], bytes(64)):
            database.decode(layout.frame_id, layout.extended, payload)
            database.texts(layout.frame_id, layout.extended, payload)


def fuzz_logs(raw: bytes) -> None:
    """Any bytes under any suffix give batches or findings."""
    if not raw:
        return
    suffix = SUFFIXES[raw[0] % len(SUFFIXES)]
    body = raw[1:]
    if suffix == ".blf":
        body = b"LOGG\x90\0\0\0" + body
    if suffix == ".log.gz" and raw[0] & 0x80:
        body = gzip.compress(body)
    path = FOLDER / f"fuzz{suffix}"
    path.write_bytes(body)
    for batch in can_decoder.read_log(path):
        assert len(batch.data) == len(batch)


def fuzz_container(raw: bytes) -> None:
    """The inside of a BLF container, reached past the compression."""
    header = b"LOGG" + (144).to_bytes(4, "little") + bytes(136)
    packed = zlib.compress(raw)
    size = 32 + len(packed)
    base = b"LOBJ" + (16).to_bytes(2, "little") + (1).to_bytes(2, "little")
    base += size.to_bytes(4, "little") + (10).to_bytes(4, "little")
    inner = (2).to_bytes(2, "little") + bytes(6) + len(raw).to_bytes(4, "little") + bytes(4)
    path = FOLDER / "fuzz.blf"
    path.write_bytes(header + base + inner + packed + bytes(size % 4))
    list(can_decoder.read_log(path))


def fuzz_transport(raw: bytes) -> None:
    """Frames cut from any bytes pass every listener; captures of vehicle reports are scanned."""
    listeners = (J1939Listener(), IsoTpListener(), FastPacketListener())
    monitor, endpoint = ChargeMonitor(), IsoTpEndpoint()
    wide = IsoTpEndpoint(addressing=Addressing.EXTENDED, own=raw[0] if raw else 0, frame_bytes=64)
    t_ns = 0
    for at in range(0, min(len(raw), 12 * MOST_LINES), 12):
        frame = raw[at : at + 12]
        t_ns += frame[0] * 10_000_000
        frame_id = int.from_bytes(frame[:4], "big") & 0x1FFFFFFF
        for listener in listeners:
            listener.feed(t_ns, 0, frame_id, frame[4:])
        charging = (0x1CEC56F4, 0x1CEB56F4, 0x1CECF456, 0x181056F4, frame_id)[frame[0] % 5]
        monitor.feed(t_ns, charging, True, frame[4:])
        endpoint.feed(frame[4:], t_ns)
        wide.feed(raw[at + 4 : at + 68], t_ns)
    monitor.close()
    for found in scan(raw):
        if isinstance(found, Message):
            sample_of(read_report(found))
            read_login(found)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "dbc": fuzz_dbc,
    "logs": fuzz_logs,
    "container": fuzz_container,
    "transport": fuzz_transport,
}
