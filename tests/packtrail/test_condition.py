from packtrail.estimate import Estimate, Interval, Verdict
from packtrail.event import (
    ConditionCommitted,
    Event,
    UnitRef,
    at,
    decode_event,
    encode_event,
    sign_event,
)
from packtrail.signing import SigningKey
from packtrail.times import ClockQuality

T0_NS = 1_775_001_600_000_000_000


def test_an_estimate_of_real_times_can_be_signed_and_read_back():
    key = SigningKey.from_seed(bytes(32))
    estimate = Estimate(
        verdict=Verdict.TOLD,
        soh=Interval(0.9, 0.8, 1.0),
        rated_ah=150.0,
        method="counting/1",
        from_ns=T0_NS,
        to_ns=T0_NS + 3_600_000_000_000,
    )
    event = Event(
        unit=UnitRef("gbt34014", "000PB0100000ABG410000001"),
        **at(estimate.from_ns, estimate.to_ns),
        clock=ClockQuality.SYNCED,
        author="g",
        stream="s",
        counter=1,
        body=ConditionCommitted(estimate),
    )
    signed = decode_event(encode_event(sign_event(event, key)))
    assert signed.accepted_by(key.public)
    read = signed.read()
    assert read == event
    assert (read.from_ns, read.to_ns) == (estimate.from_ns, estimate.to_ns)
