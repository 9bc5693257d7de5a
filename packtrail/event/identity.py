"""Who a unit or vehicle is: registration, further codes, labels, model sheets, sites."""

from __future__ import annotations

import msgspec

from packtrail.event.refs import (
    EventBody,
    Level,
    ModelRef,
    PlaceRef,
    Reading,
    UnitRef,
    VehicleMode,
    VehicleRef,
)


class UnitRegistered(EventBody, frozen=True):
    """A maker or importer puts a unit on record.

    Attributes:
        chemistry: short name as in the code's table, such as `lfp`.
        rated_capacity_ah: Ah.
        nominal_voltage_v: V.
        cells_in_series: of the unit.
        model: the maker's name of the model; a model sheet tells more of it.
        mass_kg: kg, or None where the maker does not say.
        made_on: date of manufacture, ISO 8601.
        level: pack, module or cell.
        children: coded units inside; each has at most one parent.
        uncoded_cells: cells inside that bear no code of their own.
        energy_kwh: rated energy, kWh.
        certified_energy_kwh: usable energy as certified (UN GTR 22), kWh.
        category: `ev`, `lmt`, `industrial`, `stationary` or `sli`.
        made_at: place of manufacture.
    """

    chemistry: str
    rated_capacity_ah: float
    nominal_voltage_v: float
    cells_in_series: int
    model: str = ""
    mass_kg: float | None = None
    made_on: str = ""
    level: Level = Level.PACK
    children: tuple[UnitRef, ...] = ()
    uncoded_cells: int = 0
    energy_kwh: float | None = None
    certified_energy_kwh: float | None = None
    category: str = "ev"
    made_at: str = ""


class VehicleRegistered(EventBody, frozen=True):
    """A vehicle maker or importer puts a vehicle on record (国内生产/进口车辆).

    Attributes:
        vehicle: which.
        mode: keeps its packs, or is made for swapping.
        slots: how many packs it has when complete.
        packs: what it left the works with.
        battery_owner: `vehicle` where the pack belongs to the vehicle's owner, else `operator`.
    """

    vehicle: VehicleRef
    mode: VehicleMode = VehicleMode.FIXED
    slots: int = 1
    packs: tuple[UnitRef, ...] = ()
    model: str = ""
    brand: str = ""
    made_on: str = ""
    battery_owner: str = "vehicle"


class AliasBound(EventBody, frozen=True):
    """A second identifier of the event's unit, from the event's time on."""

    alias: UnitRef
    until: str = ""
    evidence: str = ""


class LabelReissued(EventBody, frozen=True):
    """A new label with another code in place of a damaged or wrong one; the old code stays known.

    The event's unit is the old code.
    """

    code: UnitRef
    reason: str = ""
    photo_digest: str = ""


class IdentityContested(EventBody, frozen=True):
    """What was read cannot be tied to one pack; its data wait under the slot."""

    place: PlaceRef
    problem: str
    readings: tuple[Reading, ...] = ()


class Part(msgspec.Struct, frozen=True):
    """A part of the bill of materials of a model.

    Attributes:
        name: what it is, such as `cathode` or `housing`.
        material: main material.
        kg: mass per pack, kg.
        elements: element symbol -> kg per pack.
        hazards: hazard statements, such as `H302`.
        part_number: for ordering a spare.
    """

    name: str
    material: str
    kg: float
    elements: dict[str, float] = msgspec.field(default_factory=dict)
    hazards: tuple[str, ...] = ()
    part_number: str = ""


class Step(msgspec.Struct, frozen=True):
    """A step of dismantling, in order.

    Attributes:
        en: what to do, in English.
        zh: the same in Chinese.
        tools: needed for it, with sizes and torques.
        minutes: how long it takes a trained person.
        warning: what can happen.
    """

    en: str
    zh: str
    tools: tuple[str, ...] = ()
    minutes: float | None = None
    warning: str = ""


class Document(msgspec.Struct, frozen=True):
    """A document kept elsewhere, provable by its digest (SHA-256, hex)."""

    title: str
    url: str
    digest: str = ""
    language: str = ""


class ModelSheetPublished(EventBody, frozen=True):
    """What a maker must tell those who repair, take apart and recycle a model.

    Order No. 73 (2025), Art. 11; Regulation (EU) 2023/1542, Annex XIII 2 (c). The newest sheet of
    a model counts, the older ones stay.

    Attributes:
        model: of which; `model.maker` is the author of the units' registration.
        mass_kg: of the whole pack, kg.
        parts: composition; kilograms add up to the mass within its tolerance.
        mass_tolerance_kg: how far the sum may be off.
        steps: dismantling, in order.
        discharge: how to bring the pack to a safe voltage.
        safety: what to wear and keep at hand.
        documents: further papers.
        carbon_kg_per_kwh: carbon footprint over the life, kg CO2e per kWh.
        recycled_share: element symbol -> share of recycled content, 0 to 1.
        expected_cycles: full cycles that the maker expects.
        warranty_years: years.
    """

    model: ModelRef
    mass_kg: float
    parts: tuple[Part, ...] = ()
    mass_tolerance_kg: float = 0.0
    steps: tuple[Step, ...] = ()
    discharge: str = ""
    safety: tuple[str, ...] = ()
    documents: tuple[Document, ...] = ()
    carbon_kg_per_kwh: float | None = None
    recycled_share: dict[str, float] = msgspec.field(default_factory=dict)
    expected_cycles: int | None = None
    warranty_years: float | None = None


class SiteRegistered(EventBody, frozen=True):
    """A place of business goes on the directory: outlet, utilisation firm, station, shop.

    Attributes:
        site: its id, as `PlaceRef.site` has it.
        party: who runs it.
        kind: `outlet`, `recycler`, `utiliser`, `dismantler`, `station`, `shop` or `store`.
        region: administrative division code (GB/T 2260), such as `330100`, or another name.
        licence: number of filing or permit.
        accepts: chemistries or unit kinds that it may take; empty means any.
        valid_from: of the licence, ISO date.
        valid_to: of the licence, "" for open.
        latitude_deg: WGS 84.
        longitude_deg: WGS 84.
    """

    site: str
    party: str
    kind: str
    name: str = ""
    region: str = ""
    licence: str = ""
    accepts: tuple[str, ...] = ()
    valid_from: str = ""
    valid_to: str = ""
    latitude_deg: float | None = None
    longitude_deg: float | None = None
