"""From a digital ID to the facts that triage asks for."""

from __future__ import annotations

from typing import Final

from cloud_bridge.appraisal.measuring import NOTHING, CellEvidence
from cloud_bridge.errors import BridgeError
from cloud_bridge.fold import PackState, Safety, Standing
from cloud_bridge.fold.state import Inspection
from cloud_bridge.view import Reading
from packtrail.event import ProductAssembled, UnitRegistered
from packtrail.language import Text
from packtrail.times import parse_time
from soh_model.gates import Alarm, PackFacts

CONTESTED: Final = "contested"
"""A pack whose record contradicts itself: nobody can say whose history this is."""
MISSING: Final = "missing"
"""Reported lost or stolen."""

_NOT_MADE: Final = Text(
    "no maker has put this pack on record, so its energy is not known",
    "没有生产企业登记过该电池包，其能量未知",
)
_REGISTER: Final = Text("let its maker or importer register it", "请由其生产企业或进口商登记")
_NOT_TOLD: Final = Text("nothing was ever told of its health", "没有任何健康状态报告")
_MEASURE: Final = Text("charge it at a gateway and let it rest", "请在网关充电并静置后再测")


def facts_of(state: PackState, reading: Reading | None, cells: CellEvidence = NOTHING) -> PackFacts:
    """What the gates and grades are asked about.

    Args:
        state: the digital ID.
        reading: the newest sample: insulation is measured at its voltage.
        cells: what telemetry says, of insulation since the newest bench test of it.

    Raises:
        BridgeError: the pack is not registered, or no health was ever reported.
    """
    stated = state.registration.stated if state.registration else None
    if stated is None:
        raise BridgeError(_NOT_MADE, where=str(state.unit), hint=_REGISTER)
    point = state.newest_health or (state.health[-1] if state.health else None)
    if point is None:
        raise BridgeError(_NOT_TOLD, where=str(state.unit), hint=_MEASURE)
    insulation_ohm, volts = _insulation(state, stated.nominal_voltage_v, reading, cells)
    return PackFacts(
        code=str(state.unit),
        chemistry=stated.chemistry.upper(),
        nominal_kwh=_energy_kwh(stated),
        estimate=point.estimate,
        insulation_ohm=insulation_ohm,
        pack_voltage_v=volts,
        events=_events(state),
        alarms=_alarms(state),
        self_discharge_pct_day=cells.outliers.self_discharge_pct_day,
        cell_resistance_ratio=cells.outliers.resistance_ratio,
        origin_known=True,
    )


def holds_of(state: PackState) -> tuple[str, ...]:
    """What has to be cleared before anything is decided: it is no fault of the cells."""
    found: list[str] = []
    if state.safety is Safety.QUARANTINE:
        found.append(state.safety.value)
    if state.standing is Standing.CONTESTED:
        found.append(CONTESTED)
    if state.custody.missing:
        found.append(MISSING)
    return tuple(found)


def bench_insulation(state: PackState) -> Inspection | None:
    """The newest inspection that measured insulation: it settles what was seen before it."""
    found = [one for one in state.inspections if one.found.insulation_ohm_per_v is not None]
    return found[-1] if found else None


def _insulation(
    state: PackState, nominal_v: float, reading: Reading | None, cells: CellEvidence
) -> tuple[float | None, float | None]:
    """The lowest insulation for its voltage: ohm and volt, None where nobody measured it."""
    bench = bench_insulation(state)
    pairs = [(cells.insulation_ohm, cells.pack_voltage_v)]
    if reading and (bench is None or reading.t_ns > parse_time(bench.at)):
        pairs.append((reading.values.get("insulation_ohm"), reading.values.get("pack_voltage_v")))
    if bench is not None:
        pairs.append(((bench.found.insulation_ohm_per_v or 0.0) * nominal_v, nominal_v))
    known = [(ohm, volts) for ohm, volts in pairs if ohm is not None and volts]
    return min(known, key=lambda pair: pair[0] / pair[1], default=(None, None))


def _energy_kwh(stated: UnitRegistered | ProductAssembled) -> float:
    told = stated.energy_kwh if isinstance(stated, UnitRegistered) else None
    return told or stated.rated_capacity_ah * stated.nominal_voltage_v / 1000


def _alarms(state: PackState) -> tuple[Alarm, ...]:
    """Dangers, over only where somebody has inspected the pack since.

    What is in quarantine is on hold instead (see `holds_of`): it may be a sensor.
    """
    return tuple(
        Alarm(one.kind, one.severity.value, cleared=bool(one.inspected))
        for one in state.incidents
        if one.severity is Safety.DANGER
    )


def _events(state: PackState) -> tuple[str, ...]:
    """Kinds of incident that nobody has inspected since; the policy picks those that stop."""
    found = [one.kind for one in state.incidents if not one.inspected]
    if state.safety is Safety.DAMAGED:
        found.append(state.safety.value)
    return tuple(dict.fromkeys(found))
