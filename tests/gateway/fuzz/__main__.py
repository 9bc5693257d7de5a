"""Coverage-guided fuzzing of what enters a gateway: `python -m tests.gateway.fuzz TARGET
-max_total_time=600`.

Targets: frames (any CAN traffic through a slot, all shipped kinds of profile), scans (labels,
scanner bytes and key events through the book), local_api (paths and bodies of HTTP and MQTT,
carried out), downlink (bytes on the command topic, signed and unsigned). A finding is an
exception, an endless loop (`-timeout`) or a memory that grows without bound
(`-rss_limit_mb`). The extra `fuzz` installs atheris. What follows the target goes to
libFuzzer; a folder there collects inputs that reach new code.
"""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["gateway", "packtrail"]):
    from can_decoder import Database, profiles
    from gateway.alarms import Watch, load_thresholds
    from gateway.binding import Book, Outcome, StationState, decode_state
    from gateway.bus import Frame, batch_of
    from gateway.clock import SystemClock
    from gateway.downlink import CommandDesk
    from gateway.inputs import Scanner, ScannerOptions
    from gateway.inputs.keys import EVENT_BYTES, Typist
    from gateway.local_api.acts import Places, RefusedError, read_act
    from gateway.pipeline import Listener, Slot, SlotRule
    from packtrail import logs
    from packtrail.downlink import Command, seal_message
    from packtrail.errors import CodecError
    from packtrail.event import VehicleRef
    from packtrail.receipt import open_receipt
    from packtrail.times import ClockQuality

import msgspec

from tests.gateway.drafts import BRIDGE_KEY, GATEWAY, KEY, T0
from tests.gateway.memory_outbox import MemoryOutbox

NAMES = ("nissan_leaf", "gbt27930", "sim_sxa", "sim_sxb")
NO_DATABASE: Database | None = None
PLACES = Places({"1", "2"}, {1: "1", 2: "2"}, {"1-17"})
MOST_FRAMES = 300


def tracker_makers() -> list[Callable[[], object]]:
    """Every kind of profile."""
    fresh = [profiles.find(name).tracker(NO_DATABASE) for name in NAMES]
    return [lambda one=one: copy.deepcopy(one) for one in fresh]


MAKERS = tracker_makers()
THRESHOLDS = load_thresholds(None)
IDENTIFIERS = sorted(
    {rule.frame_id for make in MAKERS for rule in make().filters if rule.frame_id}  # type: ignore[attr-defined]
)


def fuzz_frames(raw: bytes) -> None:
    """Frames cut from any bytes, with jumping times; half of them known identifiers."""
    outbox = MemoryOutbox()
    slot = Slot(
        "1",
        rule=SlotRule(),
        listener=Listener(MAKERS, 300.0),
        watch=Watch(THRESHOLDS),
        outbox=outbox,
        clock=SystemClock(),
        find_spec=lambda _unit: None,
        ask=lambda _request: None,
    )
    t_ns, frames = T0, []
    for at in range(0, min(len(raw), 14 * MOST_FRAMES), 14):
        piece = raw[at : at + 14]
        t_ns += (piece[0] - 16) * 50_000_000
        wild = int.from_bytes(piece[1:5], "big") & 0x1FFFFFFF
        known = IDENTIFIERS[wild % len(IDENTIFIERS)]
        number = known if piece[0] & 1 else wild
        frames.append(Frame(t_ns, number, number > 0x7FF, piece[5:13]))
    for start in range(0, len(frames), 50):
        slot.feed(batch_of(frames[start : start + 50]))
        slot.tick()
    slot.finish(with_estimate=True)
    for row in outbox.waiting(after=0, limit=9999):
        assert row.sealed


def make_book(state: StationState | None = None) -> Book:
    """A book that has heard nothing."""
    return Book(
        "site",
        state or StationState(),
        lambda _s, _t: 50.0,
        lambda: ClockQuality.FREE,
        sealed_until=lambda _slot: T0 + 10**11,
    )


def check(book: Book, outcome: Outcome) -> None:
    """Every fact can be sealed, and what is remembered comes back the same."""
    box = MemoryOutbox()
    for fact in outcome.facts:
        box.put(fact)
    assert decode_state(book.state.encode()) == book.state


def fuzz_scans(raw: bytes) -> None:
    """Labels as scanners give them, in any order with the moves of a pack."""
    book = make_book()
    heard: list[bytes] = []
    scanner = Scanner(ScannerOptions(Path(__file__)), lambda _path, body: heard.append(body))  # type: ignore[arg-type]
    for label in Typist().feed(raw[: len(raw) // EVENT_BYTES * EVENT_BYTES]):
        scanner.take(label)
    for number, part in enumerate(raw.split(b"\n")[:40]):
        text, t_ns = part[1:].decode("utf-8", "replace"), T0 + number * 10**9
        scanner.take(text)
        match part[0] % 6 if part else 0:
            case 0 | 1 | 2:
                source = ("scanner", "handheld", "order")[part[0] % 3 if part else 0]
                check(book, book.scan("1", text[:512], source, t_ns))
            case 3:
                check(book, book.insert("1", t_ns, VehicleRef("vin", "LTEST000000000001")))
            case 4:
                check(book, book.remove("1", t_ns, None))
            case 5:
                car = VehicleRef("vin", "LTEST000000000002")
                check(book, book.swap(t_ns, car, "1", "2", text[:64]))
    for body in heard:
        read_act("/v1/slots/1/scan", body, PLACES, T0)


PATHS = (
    "/v1/slots/1/scan",
    "/v1/slots/1/insert",
    "/v1/slots/1/remove",
    "/v1/slots/1/settle",
    "/v1/swaps",
    "/v1/ocpp",
    "/v1/cases/1-17/settle",
    "/v1/cases/1-17/dismiss",
)
WORDS = (
    b'{"label": "000PB0100000ABG410000001"}',
    b'{"at": "2026-04-01T00:00:00Z", "vehicle": {"scheme": "vin", "id": "V"}}',
    b'{"vehicle": {"scheme": "vin", "id": "V"}, "slot_in": "1", "slot_out": "2"}',
    (
        b'{"eventType": "BatteryIn", "requestId": 1, "idToken": {"idToken": "V", "type": "VIN"}, '
        b'"batteryData": [{"evseId": 1, "serialNumber": "X", "soC": 1, "soH": 2}]}'
    ),
)


def fuzz_local_api(raw: bytes) -> None:
    """Any path and any body are carried out or refused, never anything else."""
    if not raw:
        return
    path = PATHS[raw[0] % len(PATHS)]
    if raw[0] >= 0xF0:
        path, body = raw[1:40].decode("utf-8", "replace"), raw[40:]
    elif raw[0] >= 0x80:
        whole = WORDS[raw[0] % len(WORDS)]
        at = raw[1] % len(whole) if len(raw) > 1 else 0
        body = whole[:at] + raw[2:] + whole[at + (raw[0] & 7) :]
    else:
        body = raw[1:]
    book = make_book()
    book.insert("1", T0, None)
    try:
        told = read_act(path, body, PLACES, T0 + 10**9)
    except RefusedError as refused:
        if not 400 <= refused.status < 500:
            raise
        return
    check(book, told.act(book))
    msgspec.json.encode(told.answer)


class Powers:
    """What a command may do here: nothing."""

    def fresh_reading(self, slot: str) -> dict[str, object]:
        raise LookupError(slot)

    def restart(self) -> None:
        return

    def resolved(self, _answer: object) -> None:
        return


DESK = CommandDesk(
    GATEWAY,
    key=KEY,
    bridge=BRIDGE_KEY.public,
    outbox=MemoryOutbox(),  # type: ignore[arg-type]
    clock=SystemClock(),
    say=lambda _topic, _data: None,
    powers=Powers(),  # type: ignore[arg-type]
    remote=None,
)


def fuzz_downlink(raw: bytes) -> None:
    """Bytes on the command and receipt topics, half of them with a good signature."""
    DESK._work(raw)
    payload = msgspec.msgpack.encode([BRIDGE_KEY.key_id, raw, BRIDGE_KEY.sign("command", raw)])
    DESK._work(payload)
    try:
        order = msgspec.msgpack.decode(raw, type=Command).order
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        order = None
    if order is not None:
        now_ns = time.time_ns()
        command = Command(
            gateway=GATEWAY,
            nonce=f"{now_ns:032x}",
            issued_ns=now_ns,
            expires_ns=now_ns + 10**10,
            order=order,
        )
        DESK._work(seal_message(command, BRIDGE_KEY))
    for data in (
        raw,
        msgspec.msgpack.encode([BRIDGE_KEY.key_id, raw, BRIDGE_KEY.sign("receipt", raw)]),
    ):
        try:
            open_receipt(data, BRIDGE_KEY.public)
        except CodecError:
            continue


TARGETS: dict[str, Callable[[bytes], None]] = {
    "frames": fuzz_frames,
    "scans": fuzz_scans,
    "local_api": fuzz_local_api,
    "downlink": fuzz_downlink,
}


def main() -> None:
    """Fuzz the target that the command line names."""
    logs.configure(level="CRITICAL")
    atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
    atheris.Fuzz()


main()
