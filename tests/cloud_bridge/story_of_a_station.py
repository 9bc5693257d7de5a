"""A day at a swap station, as facts and telemetry: what pages and API are shown with."""

from __future__ import annotations

from datetime import date

import numpy as np

from packtrail.codes import PackCode
from packtrail.estimate import Advice, Estimate, Interval, Reason, Verdict
from packtrail.event import (
    ConditionCommitted,
    IdentityContested,
    IncidentRecorded,
    PackInstalled,
    PackRemoved,
    PlaceRef,
    Reading,
    SignedEvent,
    SwapPerformed,
    UnitRef,
    UnitRegistered,
    VehicleRef,
)
from packtrail.record import Kind
from packtrail.sample import SampleBatch
from tests.cloud_bridge import parts
from tests.cloud_bridge.parts import HOUR, MAKER, MINUTE, SECOND

SITE = "shanghai-north"
PACKS = [
    PackCode.make(
        maker="0B1" if i % 2 else "SXA",
        chemistry="LFP" if i % 2 else "NMC",
        made_on=date(2024, 3 + i % 8, 5 + i),
        serial=1200 + i,
    ).unit
    for i in range(8)
]
CARS = [VehicleRef("vin", f"LSVAA4182E218484{i}") for i in range(8)]


def place(slot: int) -> PlaceRef:
    return PlaceRef(SITE, str(slot))


def registrations(units: list[UnitRef], t_ns: int) -> list[SignedEvent]:
    """Every pack but the last is on record."""
    return [
        parts.signed(
            UnitRegistered(
                chemistry="LFP" if i % 2 else "NMC",
                rated_capacity_ah=156.0 if i % 2 else 188.0,
                nominal_voltage_v=345.6 if i % 2 else 355.2,
                cells_in_series=108 if i % 2 else 96,
                model="Demo 54 LFP" if i % 2 else "Demo 67 NMC",
                mass_kg=392.0,
            ),
            key=MAKER,
            unit=unit,
            author="maker-1",
            stream="erp",
            counter=i + 1,
            t_ns=t_ns,
        )
        for i, unit in enumerate(units[:-1])
    ]


def charging(t_ns: int, minutes: int, soc_pct: float, hot: float = 0.0) -> SampleBatch:
    """A charge with a taper, one sample each 5 s."""
    n = minutes * 12
    at = np.arange(n) / max(n - 1, 1)
    soc = soc_pct + (96 - soc_pct) * (1 - (1 - at) ** 1.6)
    current = 150 * np.clip((99 - soc) / 25, 0.05, 1)
    volts = 320 + 0.42 * soc + current * 0.05
    cells = volts[:, None] / 108 + np.linspace(-0.006, 0.006, 108)[None, :]
    probes = 26 + 9 * at[:, None] + np.array([0.0, 0.7, 1.1 + hot])[None, :] * (0.4 + at[:, None])
    return SampleBatch.from_arrays(
        t_s=np.arange(n) * 5.0,
        t0_ns=t_ns,
        pack_voltage_v=volts,
        pack_current_a=current,
        soc_pct=soc,
        soh_pct=np.full(n, 97.0),
        cell_voltage_v=cells,
        temperature_c=probes,
        insulation_ohm=np.full(n, 1.8e6),
    )


def estimate(soh: float, half: float) -> Estimate:
    return Estimate(
        verdict=Verdict.TOLD,
        soh=Interval(soh, soh - half, soh + half * 0.9),
        capacity_ah=Interval(156 * soh, 156 * (soh - half), 156 * (soh + half * 0.9)),
        rated_ah=156.0,
        reasons=(Reason.SOC_FROM_BMS, Reason.TOO_LITTLE_CHARGE),
        advice=Advice.REST_AT_KNEE,
        method="counting/1",
        samples=1440,
    )


def day(gateway: parts.PlayedGateway, now_ns: int) -> list[tuple[str, bytes]]:
    """Records of six hours up to `now_ns`."""
    start = now_ns - 6 * HOUR
    told: list[tuple[str, bytes]] = []
    for i, unit in enumerate(PACKS[:7]):
        told += _stay(gateway, unit, i + 1, start + i * 20 * MINUTE, now_ns)
    told += _swap(gateway, now_ns - 12 * MINUTE)
    told += _faults(gateway, now_ns)
    told.append(
        gateway.tell(
            IdentityContested(
                place(8), "sources_disagree", (Reading("scanner", "0B1??", "2026-04-01T00:00:00Z"),)
            ),
            unit=None,
            t_ns=now_ns - 30 * MINUTE,
        )
    )
    return told


def _stay(gateway, unit, slot, t_ns, now_ns) -> list[tuple[str, bytes]]:
    """A pack comes out of a car, is charged and judged."""
    car = CARS[slot - 1]
    told = [
        gateway.tell(PackInstalled(vehicle=car), unit=unit, t_ns=t_ns - 90 * 24 * HOUR),
        gateway.tell(PackRemoved(vehicle=car, soc_pct=21.0), unit=unit, t_ns=t_ns),
        gateway.tell(PackInstalled(place=place(slot), soc_pct=21.0), unit=unit, t_ns=t_ns),
    ]
    for week in range(10):
        soh = 0.955 - 0.004 * slot - 0.0028 * week
        body = ConditionCommitted(estimate(soh, 0.05 - 0.003 * week), claimed_soh_pct=97.0)
        at_ns = t_ns - (70 - 7 * week) * 24 * HOUR
        told.append(gateway.tell(body, kind=Kind.HEALTH, unit=unit, t_ns=at_ns))
    begin = now_ns - 70 * MINUTE
    batch = charging(begin, 69 - slot, 14.0 + 5 * slot, hot=28.0 if slot == 3 else 0.0)
    for at in range(0, len(batch), 120):
        piece = batch.window(at, at + 120)
        told.append(gateway.telemetry(piece, unit=unit, slot=str(slot), t_ns=int(piece.t_ns[0])))
    return told


def _swap(gateway, t_ns) -> list[tuple[str, bytes]]:
    """The pack of slot 5 leaves in the car that brought the last pack."""
    leaving, coming = PACKS[4], PACKS[7]
    swap = SwapPerformed(CARS[7], SITE, unit_out=coming, order="A-1", soc_in_pct=93.0)
    return [
        gateway.tell(PackRemoved(place=place(5), reason="swap"), unit=leaving, t_ns=t_ns),
        gateway.tell(swap, unit=leaving, t_ns=t_ns),
        gateway.tell(PackInstalled(place=place(5), reason="swap"), unit=coming, t_ns=t_ns),
        gateway.telemetry(charging(t_ns + 30 * SECOND, 10, 12.0), unit=coming, slot="5"),
    ]


def _faults(gateway, now_ns) -> list[tuple[str, bytes]]:
    hot = IncidentRecorded("over_temperature", "quarantine", "temperature_c", 61.5, 60.0, "probe 3")
    spread = IncidentRecorded("cell_spread", "watch", "cell_voltage_v", 0.12, 0.1, "cell 88")
    over = IncidentRecorded(
        "cell_spread", "watch", "cell_voltage_v", 0.04, 0.1, "cell 88", cleared=True
    )
    return [
        gateway.tell(hot, kind=Kind.ALARM, unit=PACKS[2], t_ns=now_ns - 9 * MINUTE),
        gateway.tell(spread, kind=Kind.ALARM, unit=PACKS[1], t_ns=now_ns - 60 * MINUTE),
        gateway.tell(over, kind=Kind.ALARM, unit=PACKS[1], t_ns=now_ns - 40 * MINUTE),
        # The sixth pack is reported in a car while it stands here: somebody copied a label.
        gateway.tell(PackInstalled(vehicle=CARS[0]), unit=PACKS[5], t_ns=now_ns - 5 * MINUTE),
        gateway.tell(PackInstalled(place=place(6)), unit=PACKS[5], t_ns=now_ns - 4 * MINUTE),
    ]
