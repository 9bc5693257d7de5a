"""The diagnostic side of a BMS: UDS (ISO 14229-1) over ISO-TP (ISO 15765-2), read-only.

A question enters, the frames of its answer leave; `DiagnosticNode` does that on a python-can bus.
It answers ReadDataByIdentifier, the session and TesterPresent; every other service is refused as
unknown, as a pack does that nobody has unlocked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

import can

from can_decoder.transport import Due, IsoTpEndpoint
from packtrail.times import NS_PER_S
from simulators.models import PackModel

REQUEST_ID, RESPONSE_ID = 0x7E4, 0x7EC
"""Physical addresses, 11 bits, of the battery unit (ISO 15765-4 range)."""
PACK_CODE: Final = 0xF1A0
"""The makers' own identifier: ISO 14229-1 sets none aside for a GB/T 34014 code."""
VIN, PART_NUMBER, SOFTWARE, SERIAL, SUPPLIER = 0xF190, 0xF187, 0xF189, 0xF18C, 0xF18A
SESSION, READ, TESTER_PRESENT = 0x10, 0x22, 0x3E
POSITIVE, NEGATIVE, SILENT = 0x40, 0x7F, 0x80
SERVICE_UNKNOWN, SUBFUNCTION_UNKNOWN, WRONG_LENGTH, OUT_OF_RANGE = 0x11, 0x12, 0x13, 0x31
TIMING: Final = bytes.fromhex("003201f4")
"""P2 of 50 ms and P2* of 5 s, as a session's answer tells them (ISO 14229-2)."""
SESSIONS: Final = (0x01, 0x03)
LISTEN_S: Final = 0.05

Identity = Mapping[int, bytes]


def identity_of(code: str, model: PackModel, vin: str = "") -> Identity:
    """What a pack says of itself: data identifier -> value; the vehicle only while it is in one."""
    found = {
        PACK_CODE: code.encode("ascii"),
        PART_NUMBER: model.name.encode("ascii"),
        SOFTWARE: b"1.0",
        SERIAL: code[-7:].encode("ascii"),
        SUPPLIER: model.maker.encode("ascii"),
    }
    return found | ({VIN: vin.encode("ascii")} if vin else {})


def answer(question: bytes, identity: Identity) -> bytes:
    """The answer to one request, b"" where none is wanted."""
    service, rest = question[0], question[1:]
    if service == READ:
        return _read(rest, identity)
    if service not in (SESSION, TESTER_PRESENT):
        return bytes([NEGATIVE, service, SERVICE_UNKNOWN])
    if len(rest) != 1:
        return bytes([NEGATIVE, service, WRONG_LENGTH])
    function = rest[0] & ~SILENT
    if function not in (SESSIONS if service == SESSION else (0,)):
        return bytes([NEGATIVE, service, SUBFUNCTION_UNKNOWN])
    if rest[0] & SILENT:
        return b""
    told = TIMING if service == SESSION else b""
    return bytes([service + POSITIVE, function]) + told


def _read(asked: bytes, identity: Identity) -> bytes:
    """What is known of the identifiers asked for; refused where none is (ISO 14229-1, 11.2)."""
    if not asked or len(asked) % 2:
        return bytes([NEGATIVE, READ, WRONG_LENGTH])
    names = [int.from_bytes(asked[at : at + 2], "big") for at in range(0, len(asked), 2)]
    known = [name.to_bytes(2, "big") + identity[name] for name in names if name in identity]
    if not known:
        return bytes([NEGATIVE, READ, OUT_OF_RANGE])
    return bytes([READ + POSITIVE]) + b"".join(known)


class DiagnosticNode:
    """Answers on a bus until it is closed.

    Args:
        bus: of its own on the pack's channel; shut down with it.
        identity: what is answered now; asked for each question, for packs come and go.
    """

    def __init__(self, bus: can.BusABC, identity: Callable[[], Identity]) -> None:
        self.questions = 0
        self._bus, self._identity = bus, identity
        bus.set_filters([{"can_id": REQUEST_ID, "can_mask": 0x7FF, "extended": False}])
        self._link = IsoTpEndpoint()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="diagnosis")
        self._thread.start()

    def close(self) -> None:
        """Answer no more."""
        self._stop.set()
        self._thread.join()
        self._bus.shutdown()

    def _run(self) -> None:
        while not self._stop.is_set():
            message = self._bus.recv(LISTEN_S)
            now_ns = time.monotonic_ns()
            self._link.poll(now_ns)
            if message is not None:
                self._send(self._link.feed(bytes(message.data), now_ns))
            while self._link.received and not self._link.is_sending:
                self._take(self._link.received.popleft())

    def _take(self, question: bytes) -> None:
        self.questions += 1
        told = answer(question, self._identity()) if question else b""
        if told:
            self._send(self._link.send(told, time.monotonic_ns()))

    def _send(self, frames: list[Due]) -> None:
        for due in frames:
            self._stop.wait(max(0.0, (due.t_ns - time.monotonic_ns()) / NS_PER_S))
            self._bus.send(
                can.Message(arbitration_id=RESPONSE_ID, is_extended_id=False, data=due.data)
            )
