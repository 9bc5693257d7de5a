"""How a unit is: health, safety, inspections, counters, and telemetry as evidence."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from packtrail.estimate import Estimate
from packtrail.event.refs import EventBody, PlaceRef, Reading, UnitRef, VehicleRef


class ConditionCommitted(EventBody, frozen=True):
    """The state of health that an estimator found in one span of data.

    The event's own times are that span. `estimate.from_ns` and `to_ns` are 0 in an event, for
    canonical JSON holds no integer as large as nanoseconds since 1970. With the unit's samples
    of that span and the specification anybody can compute it again; `estimate.inputs_digest`
    tells whether they are the same.

    Attributes:
        estimate: what was found.
        claimed_soh_pct: what the BMS said at the time.
        coverage_pct: share of the span that has samples, %.
        throughput_ah: charge that moved in either direction within it, Ah.
        spec: the specification that the estimator was given, as plain values.
    """

    estimate: Estimate
    claimed_soh_pct: float | None = None
    coverage_pct: float | None = None
    throughput_ah: float | None = None
    spec: dict[str, Any] | None = None

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


PULSE_READINGS: Final = 21
"""Voltages of a pulse test: U1 at rest, U2..U9 at 0.5C, U10..U17 at 1C, U18..U21 at 1.5C."""


class PulseTest(msgspec.Struct, frozen=True):
    """Short pulses on a workshop's tester, as its display shows them.

    Order of the voltages as in the PulseBat data set (Tao et al., Nat. Commun. 15 (2024) 10154):
    at rest, then at each start and end of a charge and a discharge pulse of 5 s.

    Attributes:
        voltages_v: of the unit, V, 21 of them.
        charged_ah: charge put in since the unit was empty, Ah; None where nobody counted.
        rated_ah: rated capacity that the C-rates refer to, Ah.
        temperature_c: of the unit.
    """

    voltages_v: Annotated[
        tuple[float, ...], msgspec.Meta(min_length=PULSE_READINGS, max_length=PULSE_READINGS)
    ]
    charged_ah: Annotated[float, msgspec.Meta(ge=0)] | None = None
    rated_ah: Annotated[float, msgspec.Meta(gt=0)] | None = None
    temperature_c: float | None = None


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
        pulses: readings of a pulse test, left out where there was none: `packtrail id pulses`
            and `packtrail soh pulses` estimate from them.
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
    # Left out of the event where it says nothing, so that older reports are written as they were.
    pulses: PulseTest | msgspec.UnsetType = msgspec.UNSET


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


class ChargeRecorded(EventBody, frozen=True):
    """One charging dialogue of GB/T 27930, overheard; the event's times are its span.

    Attributes:
        place: the charger's plug.
        vehicle: by the VIN of BRM.
        edition: 2011 or 2015.
        soc_start_pct: of BCP, else of the first BCS.
        soc_end_pct: of BSD, else of the last BCS.
        charged_ah: integral of the current that the BMS states.
        charged_kwh: integral of its power.
        delivered_kwh: energy that the charger states (CSD).
        rated_capacity_ah: of BRM.
        rated_voltage_v: of BRM.
        nominal_energy_kwh: of BCP.
        battery_type: code of BRM: 3 LFP, 6 ternary, ...
        pack_serial: four bytes of BRM; no GB/T 34014 code.
        charge_count: charges so far, of BRM.
        alarms: states of BSM that were not normal.
        end_reasons: bits set in BST and CST.
        errors: timeouts named by BEM and CEM.
    """

    place: PlaceRef
    vehicle: VehicleRef | None = None
    edition: int = 2015
    soc_start_pct: float | None = None
    soc_end_pct: float | None = None
    charged_ah: float | None = None
    charged_kwh: float | None = None
    delivered_kwh: float | None = None
    rated_capacity_ah: float | None = None
    rated_voltage_v: float | None = None
    nominal_energy_kwh: float | None = None
    battery_type: int | None = None
    pack_serial: int | None = None
    charge_count: int | None = None
    alarms: tuple[str, ...] = ()
    end_reasons: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


class Histogram(msgspec.Struct, frozen=True):
    """Hours that a quantity spent below the first edge, between each two, and from the last on."""

    quantity: str
    edges: tuple[float, ...]
    hours: tuple[float, ...]


class Extremes(msgspec.Struct, frozen=True):
    """Smallest and largest value of a quantity."""

    quantity: str
    low: float
    high: float


class Gap(msgspec.Struct, frozen=True):
    """A span without samples."""

    from_time: str
    to_time: str


class UsageRecorded(EventBody, frozen=True):
    """What a pack did in one UTC day, or in the part of it that a gateway saw.

    Attributes:
        day: UTC date; the event's own times are the span that was seen of it.
        covered_h: hours with samples.
        charge_ah: charged.
        discharge_ah: discharged, positive.
        charge_kwh: charged.
        discharge_kwh: discharged, positive.
        histograms: hours by SOC, temperature and current.
        extremes: of voltages and temperatures.
        gaps: the first fifty spans without samples.
        gap_h: hours of all gaps together.
    """

    day: str
    covered_h: float
    charge_ah: float = 0.0
    discharge_ah: float = 0.0
    charge_kwh: float = 0.0
    discharge_kwh: float = 0.0
    histograms: tuple[Histogram, ...] = ()
    extremes: tuple[Extremes, ...] = ()
    gaps: tuple[Gap, ...] = ()
    gap_h: float = 0.0


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


class RetiredDay(msgspec.Struct, frozen=True):
    """What went of one UTC day, and the newest root that stands for all of it.

    Attributes:
        day: UTC date.
        root: of the newest `TelemetryCommitted` of that day, hex.
        revision: of the same.
        records: whose bytes go with this statement.
        kept: whose bytes stay; they are proven by their path to `root` as before.
    """

    day: str
    root: str
    revision: int
    records: int
    kept: int


class TelemetryRetired(EventBody, frozen=True):
    """By a policy the bridge lets go of sealed telemetry, of which days it has the roots kept.

    Stated in the transaction that empties the bytes; number, digest and span of each record stay.

    Attributes:
        days: what went of which day, rising.
        samples: how many.
        size_bytes: how many bytes of sealed records.
        removed: RFC 6962 root over a line for each record that goes, hex; see
            `docs/reference/retention.md`.
        policy: name and version of the table of rules.
        policy_digest: SHA-256 of the table's file, hex.
    """

    days: tuple[RetiredDay, ...]
    samples: int
    size_bytes: int
    removed: str
    policy: str
    policy_digest: str
