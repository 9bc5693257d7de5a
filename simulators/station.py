"""A swap station: slots and chargers around a bay, with the packs' physics underneath.

Time enters as steps, acts leave (what the controller of a real station would learn). Every pack
is in exactly one place: a slot, a vehicle or the quarantine container; `whereabouts` says which.
Equal seeds and equal steps give equal acts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from simulators.acts import Act, Inserted, Removed
from simulators.arithmetic import Floats
from simulators.bay import Bay, Vehicle
from simulators.bms import BmsReading
from simulators.charging import Demand, charge_currents, charged
from simulators.fleet import COOLANT_C, SLOT_STARTS, Fleet, hash_seed
from simulators.models import PackModel
from simulators.slot import Slot, Stage

LONGEST_STEP_S: Final = 2.0
REST_AFTER_S: Final = 390.0
QUARANTINE_S: Final = 900.0
LEAST_SOC_OUT: Final = 0.80
STOP_LEVEL: Final = 3


class Station:
    """The whole station.

    Args:
        fleet: what exists.
        seed: of everything that happens.
        power_limit_w: of the grid connection.
        misread_share: how often the scanner misreads a digit.
    """

    def __init__(self, fleet: Fleet, seed: int, power_limit_w: float, misread_share: float) -> None:
        self.fleet = fleet
        self.now_s = 0.0
        self.container: list[int] = []
        self.slots = [
            Slot(start.slot, fleet.slot_packs.get(start.slot), start.stage, -start.elapsed_s)
            for start in SLOT_STARTS
        ]
        self.bay = Bay(
            vehicles=[Vehicle(v.vin, v.pack, v.drive_rate, v.return_soc) for v in fleet.vehicles],
            codes=[pack.code for pack in fleet.packs.packs],
            disputed=fleet.disputed,
            misread_share=misread_share,
            random=np.random.default_rng(hash_seed(seed, 2)),
        )
        self._power_limit_w = power_limit_w
        self._full_v = np.array([pack.model.chemistry.full_v for pack in fleet.packs.packs])
        self._coolant_c = np.full(len(self._full_v), COOLANT_C)
        self._current_a = np.zeros(len(self._full_v))
        self._readings: dict[int, BmsReading] = {}
        self._observe()

    def opening(self) -> list[Act]:
        """What the controller tells of the packs that stand in the slots at the beginning."""
        acts: list[Act] = []
        for slot in self.slots:
            if slot.pack is not None:
                acts.append(self.bay.inventory(slot.name, slot.pack))
                acts.append(self.bay.scan(slot.name, slot.pack, 0.0))
                acts.append(Inserted(0.0, slot.name, slot.pack, ""))
        return acts

    def advance(self, seconds: float) -> list[Act]:
        """Let station time pass, in steps short enough for the physics.

        Raises:
            SimulationError: a pack left what is physical.
        """
        acts: list[Act] = []
        steps = max(1, math.ceil(seconds / LONGEST_STEP_S))
        for _ in range(steps):
            self._step(seconds / steps)
            acts += self._happen()
        self.fleet.packs.check()
        self._observe()
        return acts

    def reading(self, slot: Slot) -> BmsReading | None:
        """What the BMS in a slot says now; None for an empty slot."""
        return None if slot.pack is None else self._readings[slot.pack]

    def whereabouts(self) -> dict[int, str]:
        """Place of every pack: `slot 3`, `vehicle LSX...` or `container`."""
        places = {slot.pack: f"slot {slot.name}" for slot in self.slots if slot.pack is not None}
        places |= {vehicle.pack: f"vehicle {vehicle.vin}" for vehicle in self.bay.vehicles}
        return places | dict.fromkeys(self.container, "container")

    def _observe(self) -> None:
        """Let the BMS of every pack in a slot measure."""
        truths = self.fleet.packs.observe(self._current_a)
        self._readings = {
            slot.pack: self.fleet.bms[slot.pack].read(truths[slot.pack])
            for slot in self.slots
            if slot.pack is not None
        }

    def _step(self, seconds: float) -> None:
        packs = self.fleet.packs
        regulated_a = packs.voltage_current(self._full_v)
        self._end_charges(regulated_a)
        self._current_a = self._currents(regulated_a)
        packs.step(self._current_a, self._coolant_c, seconds)
        for bms, current in zip(self.fleet.bms, self._current_a.tolist(), strict=True):
            bms.count(current, seconds)
        self.now_s += seconds

    def _currents(self, regulated_a: Floats) -> Floats:
        """Chargers give, vehicles on the road take, everything else rests."""
        demands = [
            Demand(pack, self._model(pack), reading.charge_limit_a, reading.pack_voltage_v)
            for pack, reading in self._charging()
        ]
        current = charge_currents(demands, regulated_a, self._power_limit_w)
        for vehicle in self.bay.vehicles:
            if vehicle.drives:
                current[vehicle.pack] = -vehicle.drive_rate * self._model(vehicle.pack).rated_ah
        return current

    def _end_charges(self, regulated_a: Floats) -> None:
        for slot in self._in_stage(Stage.CHARGING):
            assert slot.pack is not None
            bms = self.fleet.bms[slot.pack]
            if self._readings[slot.pack].alarm_level >= STOP_LEVEL:
                slot.enter(Stage.QUARANTINED, self.now_s)
            elif charged(bms.model, bms.soc, float(regulated_a[slot.pack])):
                slot.enter(Stage.RESTING, self.now_s)

    def _happen(self) -> Iterator[Act]:
        """What becomes due at this moment."""
        self._turn_stages()
        self._welcome()
        yield from self._clear_quarantine()
        yield from self.bay.due(self.now_s)
        yield from self._serve()

    def _turn_stages(self) -> None:
        for slot in self.slots:
            stood_s = self.now_s - slot.since_s
            if slot.stage is Stage.SETTLING and stood_s >= slot.settle_s:
                slot.enter(Stage.CHARGING, self.now_s)
            elif slot.stage is Stage.RESTING and stood_s >= REST_AFTER_S:
                slot.enter(Stage.READY, self.now_s)

    def _welcome(self) -> None:
        """Vehicles that have driven far enough come to the bay."""
        for vehicle in self.bay.vehicles:
            if vehicle.drives and self.fleet.packs.mean_soc(vehicle.pack) <= vehicle.return_soc:
                vehicle.waiting_since_s = self.now_s

    def _clear_quarantine(self) -> Iterator[Act]:
        """After a while the staff carries a quarantined pack to the container."""
        for slot in self._in_stage(Stage.QUARANTINED):
            if self.now_s - slot.since_s >= QUARANTINE_S:
                pack = slot.give_out(self.now_s)
                self.container.append(pack)
                yield Removed(self.now_s, slot.name, pack, "")

    def _serve(self) -> Iterator[Act]:
        """Begin a swap when somebody waits, a slot is free and a pack is ready."""
        if self.bay.swap is not None or self.bay.next_vehicle is None:
            return
        empty = self._in_stage(Stage.EMPTY)
        ready = [slot for slot in self._in_stage(Stage.READY) if self._soc(slot) >= LEAST_SOC_OUT]
        if empty and ready:
            yield from self.bay.begin(empty[0], max(ready, key=self._soc), self.now_s)

    def _charging(self) -> Iterator[tuple[int, BmsReading]]:
        for slot in self._in_stage(Stage.CHARGING):
            assert slot.pack is not None
            yield slot.pack, self._readings[slot.pack]

    def _in_stage(self, stage: Stage) -> list[Slot]:
        return [slot for slot in self.slots if slot.stage is stage]

    def _model(self, pack: int) -> PackModel:
        return self.fleet.packs.packs[pack].model

    def _soc(self, slot: Slot) -> float:
        assert slot.pack is not None
        return self.fleet.bms[slot.pack].soc
