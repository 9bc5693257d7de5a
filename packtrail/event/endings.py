"""Repair, retirement, and what a pack becomes: modules, cells, products, materials."""

from __future__ import annotations

import msgspec

from packtrail.event.refs import EventBody, Level, LotRef, UnitRef, VehicleRef


class Replacement(msgspec.Struct, frozen=True):
    """One child out, one in; None where there was or is none, or it bears no code."""

    out: UnitRef | None = None
    into: UnitRef | None = None


class UnitRepaired(EventBody, frozen=True):
    """A workshop changed parts of a unit.

    Attributes:
        replaced: coded children.
        uncoded_out: cells without a code that were taken out.
        uncoded_in: cells without a code that were put in.
        mass_before_kg: kg.
        mass_after_kg: kg; the only way, with a reissued label, that a unit's mass changes.
        parts_to: party that took the old parts.
        remanufactured: whether it counts as remanufacturing (a new life under EU law).
    """

    replaced: tuple[Replacement, ...] = ()
    uncoded_out: int = 0
    uncoded_in: int = 0
    mass_before_kg: float | None = None
    mass_after_kg: float | None = None
    parts_to: str = ""
    description: str = ""
    remanufactured: bool = False


class UnitRetired(EventBody, frozen=True):
    """A unit's use is over; the clock of the hand-over duty starts."""

    reason: str = ""
    kg: float | None = None
    battery_class: str = ""
    destination: str = ""


class UnitDestroyed(EventBody, frozen=True):
    """Fire, crash or flood left remains, which still have to be handed over."""

    cause: str
    remains_kg: float | None = None


class VehicleScrapReceived(EventBody, frozen=True):
    """A licensed dismantler took a vehicle in for scrapping (报废机动车回收).

    Attributes:
        vehicle: which.
        found: packs that were in or with it.
        certificate: number of the recovery certificate.
        battery_owner: `vehicle` or `operator` (swap vehicles whose pack is not the owner's).
    """

    vehicle: VehicleRef
    found: tuple[UnitRef, ...] = ()
    certificate: str = ""
    battery_owner: str = ""


class MissingPackExplained(EventBody, frozen=True):
    """Why a scrapped vehicle lacks the event's unit.

    Attributes:
        vehicle: the scrapped one.
        replacement: pack that lawfully took its place earlier, or None.
        voucher: number of the voucher by which the old pack was handed over.
        grounds: in words.
        confirms: event id of an explanation that the author (authority, dismantler) confirms.
    """

    vehicle: VehicleRef
    replacement: UnitRef | None = None
    voucher: str = ""
    grounds: str = ""
    confirms: str = ""


class TriageDecided(EventBody, frozen=True):
    """Advice on what to do with a unit; advice, not state.

    Attributes:
        decision: `reuse`, `repair`, `repurpose`, `recycle` or `quarantine`.
        model: program and version that computed it.
        value_low: lower end of the value, in `currency`.
        value_high: upper end.
        prices_as_of: ISO date of the prices used.
        inputs: event ids and digests that it rests on, so that anybody can compute it again.
    """

    decision: str
    model: str = ""
    value_low: float | None = None
    value_high: float | None = None
    currency: str = "CNY"
    prices_as_of: str = ""
    inputs: tuple[str, ...] = ()


class LotPart(msgspec.Struct, frozen=True):
    """Some kilograms of a lot that exists."""

    lot: LotRef
    kg: float


class MaterialOut(msgspec.Struct, frozen=True):
    """A lot that came out.

    Attributes:
        lot: its name.
        kind: `module`, `cell`, `housing`, `copper`, `black_mass`, `lithium_carbonate` ...
        kg: mass, kg.
        elements: element symbol -> kg of it in this lot, by analysis.
    """

    lot: LotRef
    kind: str
    kg: float
    elements: dict[str, float] = msgspec.field(default_factory=dict)


class UnitDisassembled(EventBody, frozen=True):
    """A unit was taken apart; it is no more, its children go on.

    Children out = children in, by code or by count, and masses close:
    kg_in = sum of children_kg + sum of lots + loss_kg, within the scale error.

    Attributes:
        kg_in: the unit's mass as weighed, kg.
        children: coded units that came out.
        uncoded_cells: cells without a code that came out.
        children_kg: mass of coded and uncoded children together, kg.
        lots: other things that came out.
        loss_kg: evaporated, spilt, wiped off.
        scale_error_kg: 95 % half-width over the whole balance, kg.
    """

    kg_in: float
    children: tuple[UnitRef, ...] = ()
    uncoded_cells: int = 0
    children_kg: float = 0.0
    lots: tuple[MaterialOut, ...] = ()
    loss_kg: float = 0.0
    scale_error_kg: float = 0.0


class ProductAssembled(EventBody, frozen=True):
    """A product was made from retired units: the event's unit is its new code, a new life begins.

    Under GB/T 34014-2017 a second-life code has 19 characters, without the traceability block.

    Attributes:
        inputs: coded units that went in, from any number of packs.
        uncoded_cells: cells without a code that went in, and the packs they came from in `origins`.
        origins: packs that the inputs came from, where they are known.
        level: what the product is.
        use: target use; some are banned by rule.
        tests: standards that it was tested to.
    """

    inputs: tuple[UnitRef, ...]
    chemistry: str
    rated_capacity_ah: float
    nominal_voltage_v: float
    uncoded_cells: int = 0
    origins: tuple[UnitRef, ...] = ()
    level: Level = Level.PRODUCT
    mass_kg: float | None = None
    energy_kwh: float | None = None
    use: str = ""
    buyer: str = ""
    tests: tuple[str, ...] = ()


class MaterialProcessed(EventBody, frozen=True):
    """A recycler turned units and lots into lots of other material.

    Attributes:
        lots_in: kilograms of existing lots.
        units_in: whole units that were shredded.
        units_kg: their mass, kg.
        elements_in: element symbol -> kg that went in, by analysis.
        out: lots that came out.
        residue_kg: to final disposal.
        loss_kg: kg.
        scale_error_kg: 95 % half-width over the balance, kg.
        process: `discharge`, `shred`, `pyro`, `hydro`, `direct` ...
    """

    out: tuple[MaterialOut, ...]
    lots_in: tuple[LotPart, ...] = ()
    units_in: tuple[UnitRef, ...] = ()
    units_kg: float = 0.0
    elements_in: dict[str, float] = msgspec.field(default_factory=dict)
    residue_kg: float = 0.0
    loss_kg: float = 0.0
    scale_error_kg: float = 0.0
    process: str = ""


class MaterialUsed(EventBody, frozen=True):
    """A maker put recycled material into new units: the proof of a recycled content.

    Attributes:
        lots: kilograms of existing lots that were used up.
        units: units that contain it, beside the event's own.
        elements: element symbol -> kg of recycled material in them.
    """

    lots: tuple[LotPart, ...]
    units: tuple[UnitRef, ...] = ()
    elements: dict[str, float] = msgspec.field(default_factory=dict)
