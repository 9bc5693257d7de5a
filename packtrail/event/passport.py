"""What a maker states for a battery passport beyond composition and dismantling.

Regulation (EU) 2023/1542, Annex VI part A and Annex XIII 1 to 3; clauses of DIN DKE SPEC 99100
are named in `cloud_bridge.exports`. Everything may be left out: what is not stated is told to be
missing, never guessed. Units stand in the names; percentages are 0 to 100.
"""

from __future__ import annotations

from typing import Any

import msgspec

from packtrail.event.refs import EventBody, ModelRef


class Fact(msgspec.Struct, frozen=True, omit_defaults=True):
    """A value with parts of its own."""


class Address(Fact, frozen=True):
    """A postal address."""

    street: str = ""
    postal_code: str = ""
    country: str = ""


class Firm(Fact, frozen=True):
    """An economic operator.

    Attributes:
        identifier: as the registry has it.
        bpn: business partner number of Catena-X.
    """

    name: str = ""
    trade_name: str = ""
    identifier: str = ""
    address: Address | None = None
    email: str = ""
    web: str = ""
    bpn: str = ""


class Facility(Fact, frozen=True):
    """Where it was made."""

    identifier: str = ""
    address: Address | None = None
    bpn: str = ""


class Stage(Fact, frozen=True):
    """Carbon footprint of one stage of life, kg CO2e per kWh.

    `stage` is `RawMaterialExtraction`, `MainProduction`, `Distribution` or `Recycling`.
    """

    stage: str
    kg_per_kwh: float


class Carbon(Fact, frozen=True):
    """Carbon footprint as declared; `absolute_kg` in kg CO2e, `study` is an address."""

    kg_per_kwh: float | None = None
    stages: tuple[Stage, ...] = ()
    performance_class: str = ""
    study: str = ""
    absolute_kg: float | None = None


class Recycled(Fact, frozen=True):
    """Recycled content of one material: `Cobalt`, `Nickel`, `Lithium` or `Lead`."""

    material: str
    pre_consumer_pct: float
    post_consumer_pct: float


class Substance(Fact, frozen=True):
    """A hazardous substance; `kind` such as `AcuteToxicity`, `cas` its CAS number."""

    name: str
    kind: str
    cas: str
    concentration_pct: float
    location: str
    impacts: tuple[str, ...] = ()


class Material(Fact, frozen=True):
    """A material of cathode, anode, electrolyte or housing, kg per pack; `cas` its CAS number."""

    name: str
    cas: str
    location: str
    kg: float
    critical: bool = False
    recycled_pct: float | None = None
    renewable_pct: float | None = None


class PowerAt(Fact, frozen=True):
    """Power that the unit can deliver at a state of charge, W."""

    soc_pct: float
    power_w: float


class SparePart(Fact, frozen=True):
    """A part that can be ordered."""

    name: str
    number: str


class SpareSource(Fact, frozen=True):
    """Who sells spare parts."""

    firm: Firm
    parts: tuple[SparePart, ...] = ()


class Paper(Fact, frozen=True):
    """A document elsewhere.

    Attributes:
        kind: `declaration_of_conformity`, `test_report`, `due_diligence`, `third_party`,
            `waste_prevention`, `separate_collection`, `collection`, `safety`, `life_test`,
            `dismantling`, `removal`, `bill_of_material`, `drawing`, `parts`, `spares`,
            `instructions`, `accidents` ...
        url: where.
        mime: media type.
        title: what it is called.
    """

    kind: str
    url: str
    mime: str = ""
    title: str = ""


class Mark(Fact, frozen=True):
    """A label or symbol; `subject` is `SeparateCollection`, `HazardousMaterial` ..."""

    subject: str
    meaning: str
    url: str


class Resistance(Fact, frozen=True):
    """Initial internal resistance, ohm."""

    pack_ohm: float | None = None
    module_ohm: float | None = None
    cell_ohm: float | None = None


class Span(Fact, frozen=True):
    """A range of temperature, degC."""

    low_c: float
    high_c: float


class Warranty(Fact, frozen=True):
    """Commercial warranty for the calendar life; `until` is an ISO date."""

    months: int | None = None
    until: str = ""


class PassportFacts(Fact, frozen=True):
    """Static data points of a model; for one unit alone, in a sheet that names the unit.

    Attributes:
        operator: who is responsible for the passport.
        chemistry_name: clear name of the chemistry.
        power_limit_w: maximum permitted power, W.
        power_ratio_w_per_wh: nominal power over energy.
        exhaustion_threshold_pct: SOCE below which it counts as exhausted.
        life_test_rate: C-rate of the cycle-life test, A/Ah.
        efficiency_half_life_pct: round-trip efficiency at 50 % of cycle life.
        self_discharge_pct_month: initial.
        critical_materials: names, above 0.1 % by weight.
        into_service: ISO date, where the sheet is of one unit.
        part_id: the maker's part number of the model.
        registry_id: as the passport registry has it.
        further: what single formats ask for besides, by name: `depth_of_discharge_pct`,
            `backup_reference`, `expires` ...
    """

    manufacturer: Firm | None = None
    operator: Firm | None = None
    facility: Facility | None = None
    registry_id: str = ""
    part_id: str = ""
    into_service: str = ""
    warranty: Warranty | None = None
    chemistry_name: str = ""
    materials: tuple[Material, ...] = ()
    substances: tuple[Substance, ...] = ()
    critical_materials: tuple[str, ...] = ()
    extinguishing_agents: tuple[str, ...] = ()
    fire_class: str = ""
    carbon: Carbon | None = None
    recycled: tuple[Recycled, ...] = ()
    renewable_pct: float | None = None
    minimum_voltage_v: float | None = None
    maximum_voltage_v: float | None = None
    original_power: tuple[PowerAt, ...] = ()
    power_limit_w: float | None = None
    power_ratio_w_per_wh: float | None = None
    expected_cycles: int | None = None
    expected_years: float | None = None
    life_test_rate: float | None = None
    exhaustion_threshold_pct: float | None = None
    idle_temperature: Span | None = None
    use_temperature: Span | None = None
    efficiency_pct: float | None = None
    efficiency_half_life_pct: float | None = None
    resistance: Resistance | None = None
    self_discharge_pct_month: float | None = None
    marks: tuple[Mark, ...] = ()
    papers: tuple[Paper, ...] = ()
    spares: tuple[SpareSource, ...] = ()
    supply_chain_index: float | None = None
    further: dict[str, str | float] = msgspec.field(default_factory=dict)


class Claim(Fact, frozen=True):
    """A dynamic data point as another passport had it; a claim until it is measured here.

    Attributes:
        point: key of the data point, as `cloud_bridge.exports` names it.
        value: a number, text, list or object.
        unit: of the value.
        as_of: RFC 3339 UTC.
        method: how it was found, as far as the other passport says.
        low: lower end of the 95 % interval.
        high: upper end.
    """

    point: str
    value: Any
    unit: str = ""
    as_of: str = ""
    method: str = ""
    low: float | None = None
    high: float | None = None


class PassportStated(EventBody, frozen=True):
    """Static data points of a model, or of the event's unit alone.

    The newest statement on a unit counts before the newest on its model; older ones stay.

    Attributes:
        facts: what is stated.
        model: of which model; None where the event names a unit.
        claims: dynamic values that a passport kept elsewhere brought along.
        source: where they come from: "" for the author's own, else the format of the passport.
        digest: SHA-256 of the imported document, hex.
    """

    facts: PassportFacts = PassportFacts()
    model: ModelRef | None = None
    claims: tuple[Claim, ...] = ()
    source: str = ""
    digest: str = ""
