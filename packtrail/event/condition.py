"""How a unit is: health, safety, inspections, counters, and telemetry as evidence."""

from __future__ import annotations

import msgspec

from packtrail.estimate import Estimate
from packtrail.event.refs import EventBody, PlaceRef, Reading, UnitRef


class ConditionCommitted(EventBody, frozen=True):
    """The state of health that an estimator found in one span of data.

    The event's own times are that span. `estimate.from_ns` and `to_ns` are 0 in an event, for
    canonical JSON holds no integer as large as nanoseconds since 1970.
    """

    estimate: Estimate
    claimed_soh_pct: float | None = None
    coverage_pct: float | None = None
    throughput_ah: float | None = None

    def __post_init__(self) -> None:
        """Take the estimate without its nanoseconds."""
        bare = msgspec.structs.replace(self.estimate, from_ns=0, to_ns=0)
        msgspec.structs.force_setattr(self, "estimate", bare)


class IncidentRecorded(EventBody, frozen=True):
    """Something that bears on safety; `severity` is `watch`, `quarantine` or `danger`."""

    kind: str
    severity: str
    quantity: str = ""
    value: float | None = None
    limit: float | None = None
    where: str = ""
    cleared: bool = False


class InspectionRecorded(EventBody, frozen=True):
    """A bench test or inspection by a laboratory or shop (GB/T 34015-2017 for capacity).

    Attributes:
        method: standard and clause.
        passed: whether the unit may go on being used, None where that was not asked.
        capacity_ah: measured, Ah.
        resistance_mohm: whole unit, milliohm.
        insulation_ohm_per_v: ohm per volt (GB 18384).
        energy_kwh: measured discharge energy, kWh.
        uncertainty_pct: 95 % half-width of the capacity, % of the value.
        reuse: whether the unit is declared fit for another use in a vehicle.
        clears_safety: whether earlier incidents are declared over.
        certificate_digest: SHA-256 of the certificate, hex.
    """

    method: str
    passed: bool | None = None
    capacity_ah: float | None = None
    resistance_mohm: float | None = None
    insulation_ohm_per_v: float | None = None
    energy_kwh: float | None = None
    uncertainty_pct: float | None = None
    reuse: bool = False
    clears_safety: bool = False
    certificate_digest: str = ""


class Counter(msgspec.Struct, frozen=True):
    """A counter's last value before and first value after, such as `throughput_ah` or `cycles`."""

    name: str
    before: float
    after: float


class BmsReplaced(EventBody, frozen=True):
    """Another battery management system in the same unit; lifetime counters go on by offset."""

    counters: tuple[Counter, ...] = ()
    old_serial: str = ""
    new_serial: str = ""
    reason: str = ""


class CounterReset(EventBody, frozen=True):
    """A counter of the BMS fell: reported by a shop, or found by the bridge in the readings."""

    counters: tuple[Counter, ...]
    detected: bool = False
    reason: str = ""


class TelemetryAttributed(EventBody, frozen=True):
    """Telemetry of a slot that was sealed before it was settled whose it is: it is this unit's.

    Chunks of the event's author in that slot and span count for the event's unit: those that
    name no unit, or, where `instead_of` is given, those that name that one by mistake.
    """

    place: PlaceRef
    from_time: str
    to_time: str
    instead_of: UnitRef | None = None
    readings: tuple[Reading, ...] = ()


class TelemetryThinned(EventBody, frozen=True):
    """The gateway's disk was full: telemetry of this span was given up, and how much."""

    from_time: str
    to_time: str
    records: int


class TelemetryCommitted(EventBody, frozen=True):
    """The bridge commits to one day of a unit's telemetry: any kept sample can be proven later.

    Attributes:
        day: UTC date.
        root: RFC 6962 root over the digests of the day's signed records, in the order of their
            gateway, epoch and number, hex.
        records: how many.
        samples: how many.
        revision: 0 first, 1 and on where records of that day arrived later.
    """

    day: str
    root: str
    records: int
    samples: int
    revision: int = 0
