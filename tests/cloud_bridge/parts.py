"""What the bridge's tests are made of: keys, gateways played by the vocabulary, facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import msgspec
import numpy as np

from cloud_bridge.store import Entry, Fact
from packtrail.codes import PackCode
from packtrail.columns import encode_columns
from packtrail.event import (
    Body,
    Event,
    KeyRegistered,
    PackInstalled,
    PlaceRef,
    SignedEvent,
    UnitRef,
    UnitRegistered,
    VehicleRef,
    at,
    encode_event,
    sign_event,
)
from packtrail.personal import Opening, conceal
from packtrail.proof.trust import TrustList
from packtrail.record import Kind, Record, seal
from packtrail.sample import SampleBatch
from packtrail.signing import SigningKey
from packtrail.times import ClockQuality, parse_time
from packtrail.topics import RecordAddress, record_topic

T0 = parse_time("2026-04-01T08:00:00Z")
SECOND = 10**9
MINUTE = 60 * SECOND
HOUR = 3600 * SECOND
EPOCH = "00112233aabbccdd"

AUTHORITY = SigningKey.from_seed(b"authority".ljust(32, b"."))
STATION = SigningKey.from_seed(b"station".ljust(32, b"."))
MAKER = SigningKey.from_seed(b"maker".ljust(32, b"."))
STRANGER = SigningKey.from_seed(b"stranger".ljust(32, b"."))

CODE = PackCode.make(maker="0B1", chemistry="LFP", made_on=date(2025, 3, 9), serial=7).text
OTHER_CODE = PackCode.make(maker="0B1", chemistry="NMC", made_on=date(2025, 3, 9), serial=8).text
PACK = UnitRef("gbt34014", CODE)
OTHER_PACK = UnitRef("gbt34014", OTHER_CODE)
CAR = VehicleRef("vin", "LSVAA4182E2184847")
OTHER_CAR = VehicleRef("vin", "LSVAA4182E2184899")
SLOT = PlaceRef("north", "3")
OTHER_SLOT = PlaceRef("north", "5")


def event(
    body: Body,
    *,
    unit: UnitRef | None = PACK,
    t_ns: int = T0,
    until_ns: int | None = None,
    author: str = "station-1",
    stream: str = EPOCH,
    counter: int = 1,
) -> Event:
    return Event(
        unit=unit,
        **at(t_ns, until_ns),
        clock=ClockQuality.SYNCED,
        author=author,
        stream=stream,
        counter=counter,
        body=body,
    )


def signed(body: Body, *, key: SigningKey = STATION, **about: object) -> SignedEvent:
    return sign_event(event(body, **about), key)


def fact(body: Body, *, key: SigningKey = STATION, **about: object) -> Fact:
    said = event(body, **about)
    return Fact(sign_event(said, key), said)


REGISTRATION = UnitRegistered(
    chemistry="lfp",
    rated_capacity_ah=150.0,
    nominal_voltage_v=345.6,
    cells_in_series=108,
    model="Demo 52",
    mass_kg=362.0,
)


def registered(unit: UnitRef = PACK, counter: int = 1, t_ns: int = T0 - 24 * HOUR) -> Fact:
    about = {"unit": unit, "author": "maker-1", "stream": "erp", "counter": counter, "t_ns": t_ns}
    return fact(REGISTRATION, key=MAKER, **about)


def key_fact(key: SigningKey, party: str, role: str, counter: int = 1, **more: object) -> Fact:
    body = KeyRegistered(key.public.text, party, role, **more)
    about = {"unit": None, "author": "bridge-1", "stream": "trust", "counter": counter}
    return fact(body, key=AUTHORITY, **about)


def trust(*facts: Fact) -> TrustList:
    facts = facts or (
        key_fact(STATION, "station-1", "gateway"),
        key_fact(MAKER, "maker-1", "maker", 2),
    )
    entries = [
        Entry(leaf, T0, one.signed.event_id, encode_event(one.signed))
        for leaf, one in enumerate(facts)
    ]
    return TrustList(AUTHORITY.public).extended(entries)


def samples(n: int = 60, t_ns: int = T0, soc_pct: float = 50.0) -> SampleBatch:
    ramp = np.arange(n, dtype=np.float64)
    return SampleBatch.from_arrays(
        t_s=ramp,
        t0_ns=t_ns,
        pack_voltage_v=350 + ramp / 100,
        pack_current_a=np.full(n, 75.0),
        soc_pct=soc_pct + ramp / 100,
        cell_voltage_v=np.full((n, 4), 3.3),
        temperature_c=np.full((n, 2), 27.0),
    )


@dataclass
class PlayedGateway:
    """A gateway as the wire sees one: numbers, seals, sends."""

    name: str = "station-1"
    key: SigningKey = STATION
    epoch: str = EPOCH
    seq: int = 0
    counter: int = 0
    sent: dict[int, tuple[str, bytes]] = field(default_factory=dict)

    def record(
        self,
        kind: Kind = Kind.BLANK,
        body: bytes = b"",
        *,
        unit: UnitRef | None = PACK,
        slot: str = "3",
        t_ns: int = T0,
        seq: int | None = None,
        openings: tuple[Opening, ...] = (),
    ) -> tuple[str, bytes]:
        """Seal one record; returns its topic and bytes."""
        if seq is None:
            self.seq += 1
            seq = self.seq
        record = Record(
            gateway=self.name,
            epoch=self.epoch,
            seq=seq,
            kind=kind,
            unit=unit,
            slot=slot,
            t_ns=t_ns,
            sealed_ns=t_ns,
            mono_ns=0,
            clock=ClockQuality.SYNCED,
            body=body,
        )
        address = RecordAddress(self.name, self.epoch, seq)
        message = record_topic(address), seal(record, self.key, openings)
        self.sent[seq] = message
        return message

    def telemetry(self, batch: SampleBatch | None = None, **about: object) -> tuple[str, bytes]:
        batch = samples() if batch is None else batch
        return self.record(Kind.TELEMETRY, encode_columns(batch), **about)

    def tell(self, body: Body, *, kind: Kind = Kind.EVENT, **about: object) -> tuple[str, bytes]:
        self.counter += 1
        said = {"author": self.name, "stream": self.epoch, "counter": self.counter, **about}
        return self.record(kind, encode_event(signed(body, key=self.key, **said)))

    def conceal(self, body: Body, **about: object) -> tuple[str, bytes]:
        """As a gateway of today tells it: committed to, with the openings beside."""
        self.counter += 1
        said = {"author": self.name, "stream": self.epoch, "counter": self.counter, **about}
        body, openings = conceal(body)
        event = encode_event(signed(body, key=self.key, **said))
        return self.record(Kind.EVENT, event, openings=openings)


def installed(place: PlaceRef = SLOT, **about: object) -> Fact:
    return fact(PackInstalled(place=place), **about)


def repacked(data: bytes, **changes: object) -> bytes:
    """The MessagePack map `data` with some fields changed."""
    return msgspec.msgpack.encode({**msgspec.msgpack.decode(data), **changes})
