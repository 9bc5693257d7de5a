"""Drafts, keys and receipts for the gateway's tests, made of the shared vocabulary."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.outbox import Fact, Telemetry
from packtrail.event import IncidentRecorded, UnitRef
from packtrail.receipt import Receipt, Refusal
from packtrail.record import Kind, Record, unseal
from packtrail.signing import SigningKey, VerifyKey
from packtrail.times import NS_PER_S, ClockQuality

GATEWAY = "station-1"
KEY = SigningKey.from_seed(b"g" * 32)
BRIDGE_KEY = SigningKey.from_seed(b"b" * 32)
PACK = UnitRef("gbt34014", "0ABPB0C1R0000AC4F0000001")
T0 = 1_775_000_000 * NS_PER_S


def telemetry(number: int = 0, size: int = 100, chunk: str = "") -> Telemetry:
    """A chunk whose content tells which one it is."""
    body = number.to_bytes(8, "big").ljust(size, b"\0")
    return Telemetry(PACK, "1", T0 + number * 60 * NS_PER_S, ClockQuality.FREE, body, chunk)


def alarm(number: int = 0, kind: Kind = Kind.ALARM) -> Fact:
    """A fact whose value tells which one it is."""
    body = IncidentRecorded("over_temperature", "danger", value=float(number))
    t_ns = T0 + number * NS_PER_S
    return Fact(kind, PACK, "1", t_ns, t_ns, ClockQuality.FREE, body)


def receipt(
    epoch: str, through: int, ahead: Iterable[int] = (), refused: Iterable[int] = ()
) -> Receipt:
    """What a bridge would answer."""
    return Receipt(
        gateway=GATEWAY,
        epoch=epoch,
        through=through,
        ahead=tuple(ahead),
        refused=tuple(Refusal(seq, "because") for seq in refused),
        committed_ns=T0,
    )


def opened(sealed: bytes, key: VerifyKey = KEY.public) -> Record:
    """The record in sealed bytes whose signature holds."""
    outer = unseal(sealed)
    assert outer.accepted_by(key)
    return outer.read()
