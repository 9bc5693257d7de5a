"""The packs and vehicles of a simulation, drawn from one seed, and what is planted among them.

Nothing is invented about the past: slots begin at staggered stages of a session (resting before
charge, charging, full), vehicles begin on the road with what is left in their packs. Planted are
a pack whose cooling is blocked, one whose code no maker has registered, and one whose label is
misread at first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from packtrail.codes import PackCode, Vin
from simulators.bms import Bms
from simulators.models import MODELS, PackModel
from simulators.pack import Pack, Packs
from simulators.slot import Stage

FOREIGN_MAKER: Final = "SXC"
COOLANT_C: Final = 25.0
FIRST_ARRIVAL_S: Final = 150.0
MEAN_ARRIVAL_S: Final = 430.0
DISPUTED_ARRIVAL: Final = 1
UNREGISTERED_ARRIVAL: Final = 2


@dataclass(frozen=True, slots=True)
class SlotStart:
    """How a slot begins.

    Attributes:
        slot: its number as text.
        model: index into `MODELS`, or None for an empty slot.
        stage: where in its session the pack is.
        elapsed_s: since the stage began.
        soc: true state of charge, fraction.
        lithium_loss: age of the pack.
        temperature_c: of its cells.
    """

    slot: str
    model: int | None
    stage: Stage
    elapsed_s: float = 0.0
    soc: float = 0.0
    lithium_loss: float = 0.0
    temperature_c: float = COOLANT_C


SLOT_STARTS: Final = (
    SlotStart("1", 0, Stage.SETTLING, 60.0, 0.33, 0.06),
    SlotStart("2", 3, Stage.CHARGING, 900.0, 0.58, 0.05),
    SlotStart("3", 0, Stage.SETTLING, 330.0, 0.22, 0.12, 42.0),
    SlotStart("4", 2, Stage.READY, 0.0, 0.99, 0.03),
    SlotStart("5", 1, Stage.READY, 0.0, 0.95, 0.09),
    SlotStart("6", 1, Stage.SETTLING, 90.0, 0.27, 0.14),
    SlotStart("7", 0, Stage.READY, 0.0, 0.94, 0.02),
    SlotStart("8", None, Stage.EMPTY),
)
"""Eight slots: one empty, three ready, one mid-charge, three about to charge."""

BLOCKED_SLOT: Final = "3"


@dataclass(frozen=True, slots=True)
class VehicleStart:
    """How a vehicle begins: on the road.

    Attributes:
        vin: its number.
        pack: the pack in it.
        drive_rate: discharge current over the rating, per hour.
        return_soc: state of charge at which it comes to swap.
    """

    vin: str
    pack: int
    drive_rate: float
    return_soc: float


@dataclass(frozen=True, slots=True, eq=False)
class Fleet:
    """Everything that exists when a simulation begins.

    Attributes:
        packs: all packs, their cells and state.
        bms: one for each pack.
        vehicles: one for each pack that is on the road.
        slot_packs: slot -> pack.
        unregistered: packs whose codes no maker has put on record.
        disputed: the pack whose label is misread at its first scan.
        blocked: the pack whose cooling is blocked.
    """

    packs: Packs
    bms: tuple[Bms, ...]
    vehicles: tuple[VehicleStart, ...]
    slot_packs: dict[str, int]
    unregistered: frozenset[int]
    disputed: int
    blocked: int

    @classmethod
    def draw(cls, seed: int, vehicles: int, made_before: date) -> Fleet:
        """Draw a fleet; equal seeds give equal fleets.

        Args:
            seed: of everything.
            vehicles: how many are on the road.
            made_before: packs were made in the five years before this day.
        """
        random = np.random.default_rng([seed, 1])
        starts = [start for start in SLOT_STARTS if start.model is not None]
        draft = _Draft(random, seed, made_before)
        slot_packs = {start.slot: draft.add_slot(start) for start in starts}
        first = len(starts)
        road = [draft.add_vehicle(number) for number in range(vehicles)]
        packs = Packs(draft.packs, draft.soc, draft.temperature_c)
        bms = tuple(
            Bms(pack.model, pack.true_soh, soc, hash_seed(seed, number))
            for number, (pack, soc) in enumerate(zip(draft.packs, draft.soc, strict=True))
        )
        return cls(
            packs=packs,
            bms=bms,
            vehicles=tuple(road),
            slot_packs=slot_packs,
            unregistered=frozenset({first + UNREGISTERED_ARRIVAL}),
            disputed=first + DISPUTED_ARRIVAL,
            blocked=slot_packs[BLOCKED_SLOT],
        )


class _Draft:
    """Packs and vehicles as they are drawn, one after the other."""

    def __init__(self, random: np.random.Generator, seed: int, made_before: date) -> None:
        self.random = random
        self.seed = seed
        self.made_before = made_before
        self.packs: list[Pack] = []
        self.soc: list[float] = []
        self.temperature_c: list[float] = []
        self.arrival_s = FIRST_ARRIVAL_S

    def add_slot(self, start: SlotStart) -> int:
        assert start.model is not None
        pack = self._draw(MODELS[start.model], start.lithium_loss)
        if start.slot == BLOCKED_SLOT:
            pack = pack.with_blocked_cooling(pack.model.probe_cells[pack.model.probes // 2])
        return self._keep(pack, start.soc, start.temperature_c)

    def add_vehicle(self, number: int) -> VehicleStart:
        model = MODELS[int(self.random.integers(len(MODELS)))]
        foreign = number == UNREGISTERED_ARRIVAL
        pack = self._draw(model, float(self.random.uniform(0.01, 0.2)), foreign=foreign)
        return_soc = float(self.random.uniform(0.12, 0.33))
        fastest = (0.97 - return_soc) * 3600.0 / self.arrival_s
        rate = min(float(self.random.uniform(0.3, 0.5)), fastest * pack.true_soh)
        soc = return_soc + rate * self.arrival_s / 3600.0 / pack.true_soh
        self.arrival_s += MEAN_ARRIVAL_S * float(self.random.gamma(16.0)) / 16.0
        return VehicleStart(make_vin(number), self._keep(pack, soc), rate, return_soc)

    def _draw(self, model: PackModel, lithium_loss: float, *, foreign: bool = False) -> Pack:
        number = len(self.packs)
        age = timedelta(days=int(self.random.integers(60, 1500)))
        code = PackCode.make(
            maker=FOREIGN_MAKER if foreign else model.maker,
            chemistry=model.chemistry.letter,
            made_on=self.made_before - age,
            serial=int(self.random.integers(1, 99_999)),
            specification=model.specification,
            traceability="7K20A00",
        )
        return Pack.draw(code.text, model, lithium_loss, hash_seed(self.seed, 1000 + number))

    def _keep(self, pack: Pack, soc: float, temperature_c: float = COOLANT_C) -> int:
        self.packs.append(pack)
        self.soc.append(soc)
        self.temperature_c.append(temperature_c)
        return len(self.packs) - 1


def hash_seed(seed: int, stream: int) -> int:
    """A seed of its own for each stream of random numbers."""
    return int(np.random.SeedSequence([seed, stream]).generate_state(1)[0])


def make_vin(number: int) -> str:
    """A VIN of an invented manufacturer, check digit included (GB 16735)."""
    draft = f"LSX0EV00{{}}T1{number + 1:06d}"
    for digit in "0123456789X":
        vin = Vin.parse(draft.format(digit))
        if not vin.findings:
            return vin.text
    raise AssertionError(draft)
