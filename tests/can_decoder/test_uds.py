"""Identification by UDS: it reads, waits, takes no for an answer, and never writes."""

from __future__ import annotations

import pytest

from can_decoder import DecoderError, FrameBatch, transport
from can_decoder.transport import IsoTpEndpoint
from can_decoder.uds import (
    DataField,
    Identification,
    NegativeCode,
    Target,
    find_target,
    overheard,
    services,
)

MS = 1_000_000
TARGET = Target(
    "test",
    0x7E4,
    0x7EC,
    (
        DataField(0xF190, "vin"),
        DataField(0xF18C, "serial"),
        DataField(0xF18B, "made_on", "bcd"),
    ),
    session=True,
)


class Unit:
    """A control unit that answers from a table, over its own end of ISO-TP."""

    def __init__(self, answers: dict[str, list[str]]) -> None:
        self.answers = answers
        self.link = IsoTpEndpoint()
        self.asked: list[str] = []

    def feed(self, data: bytes, t_ns: int) -> list[transport.Due]:
        frames = self.link.feed(data, t_ns)
        while self.link.received:
            question = self.link.received.popleft().hex()
            self.asked.append(question)
            for answer in self.answers.get(question, []):
                frames += self.link.send(bytes.fromhex(answer), t_ns)
        return frames


def converse(reading: Identification, unit: Unit) -> int:
    """Run to the end on a bus without delay; the time that it took, in milliseconds."""
    t_ns = 0
    to_unit = reading.start(t_ns)
    while not reading.is_done:
        while to_unit:
            back = [due for frame in to_unit for due in unit.feed(frame.data, t_ns)]
            to_unit = [due for frame in back for due in reading.feed(frame.data, t_ns)]
        if not reading.is_done:
            t_ns = reading.wake_ns + 1
            to_unit = reading.poll(t_ns)
    return t_ns // MS


def test_identity_is_read_over_several_frames():
    vin = b"LTEST000000000001".hex()
    unit = Unit(
        {
            "1003": ["500300321388"],
            "22f190": [f"62f190{vin}"],
            "22f18c": ["7f2278", "62f18c" + b"BMS-42".hex() + "ffff"],
            "22f18b": ["62f18b20230401"],
        }
    )
    reading = Identification(TARGET)
    converse(reading, unit)
    assert reading.identity.values == {
        "vin": "LTEST000000000001",
        "serial": "BMS-42",
        "made_on": "20230401",
    }
    assert unit.asked == ["1003", "22f190", "22f18c", "22f18b"]


def test_refusals_and_silence_are_noted_and_the_rest_is_read():
    unit = Unit({"1003": ["7f107e"], "22f190": ["7f2231"], "22f18b": ["62f18b20230401"]})
    reading = Identification(TARGET)
    assert converse(reading, unit) >= 500
    identity = reading.identity
    assert identity.refused == {"vin": NegativeCode.OUT_OF_RANGE}
    assert identity.silent == ("serial",)
    assert identity.values == {"made_on": "20230401"}


def test_response_pending_is_waited_for():
    reading = Identification(Target("t", 1, 2, (DataField(0xF190, "vin"),)))
    reading.start(0)
    reading.feed(bytes.fromhex("037f2278aaaaaaaa"), 10 * MS)
    assert not reading.poll(4_000 * MS)
    assert not reading.is_done
    reading.poll(6_000 * MS)
    assert reading.identity.silent == ("vin",)


def test_answer_to_another_question_is_ignored():
    reading = Identification(Target("t", 1, 2, (DataField(0xF190, "vin"),)))
    reading.start(0)
    reading.feed(bytes.fromhex("0562f18c4142aaaa"), MS)
    assert not reading.is_done


def test_only_reading_services_can_be_built():
    builders = (services.extended_session(), services.read_data(0xF190), services.tester_present())
    assert {request[0] for request in builders} == {0x10, 0x22, 0x3E}


def test_identity_is_found_in_a_log():
    frames = ["100B62F18A313230", "213230372D303030", "0562F18C41420000"]
    batch = FrameBatch.from_arrays(
        [0x7E8] * 3,
        [False] * 3,
        [0, 1, 2],
        [list(bytes.fromhex(data)) for data in frames],
        [8] * 3,
    )
    assert overheard(transport.isotp(batch)).values == {"supplier": "120207-0", "serial": "AB"}


def test_unknown_target_is_an_error():
    with pytest.raises(DecoderError):
        find_target("no_such_unit")
