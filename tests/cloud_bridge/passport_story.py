"""A pack whose maker states everything and that was seen at work: what passports are tested on."""

from __future__ import annotations

import msgspec
import numpy as np

from packtrail import event as e
from packtrail.estimate import Interval
from packtrail.record import Kind
from packtrail.sample import SampleBatch
from tests.cloud_bridge import parts
from tests.cloud_bridge.parts import HOUR, MAKER, MINUTE, T0
from tests.cloud_bridge.test_fold import estimate

DAY = 24 * HOUR
MAKER_FIRM = e.Firm(
    "Maker Co.",
    "Maker",
    "id-maker",
    e.Address("Road 1", "310000", "CN"),
    "info@maker.example",
    "https://maker.example/",
    "BPNL000000000001",
)
URL = "https://maker.example/doc"
PAPERS = tuple(
    e.Paper(kind, f"{URL}/{kind}.pdf", "application/pdf", kind.replace("_", " "))
    for kind in (
        "declaration_of_conformity", "test_report", "due_diligence", "third_party",
        "waste_prevention", "separate_collection", "collection", "safety", "life_test",
        "dismantling", "removal", "instructions", "parts", "spares",
    )
)  # fmt: skip
FACTS = e.PassportFacts(
    manufacturer=MAKER_FIRM,
    operator=MAKER_FIRM,
    facility=e.Facility("plant-1", e.Address("Works 7", "310001", "CN"), "BPNA000000000001"),
    registry_id="R-1",
    part_id="PN-52",
    into_service="2025-05-01",
    warranty=e.Warranty(96, "2033-05-01"),
    chemistry_name="Lithium iron phosphate",
    materials=(
        e.Material("Lithium iron phosphate", "15365-14-7", "cathode", 80.5, True, 12.0, 0.0),
        e.Material("Graphite", "7782-42-5", "anode", 42.0, True, 0.0, 0.0),
    ),
    substances=(
        *(
            e.Substance(name, "AcuteToxicity", cas, 0.001, "electronics", ("toxic",))
            for name, cas in (
                ("Cadmium", "7440-43-9"),
                ("Mercury", "7439-97-6"),
                ("Lead", "7439-92-1"),
            )
        ),
        e.Substance("LiPF6", "AcuteToxicity", "21324-40-3", 1.5, "electrolyte", ("toxic",)),
    ),
    critical_materials=("lithium", "graphite", "phosphorus"),
    extinguishing_agents=("water",),
    fire_class="D",
    carbon=e.Carbon(
        61.5,
        tuple(
            e.Stage(stage, kg)
            for stage, kg in (
                ("RawMaterialExtraction", 40.0),
                ("MainProduction", 15.5),
                ("Distribution", 1.0),
                ("Recycling", 5.0),
            )
        ),
        "B",
        f"{URL}/carbon",
        3188.0,
    ),
    recycled=tuple(e.Recycled(name, 4.0, 2.0) for name in ("Cobalt", "Nickel", "Lithium", "Lead")),
    renewable_pct=1.5,
    minimum_voltage_v=270.0,
    maximum_voltage_v=394.0,
    original_power=(e.PowerAt(80, 310_000.0), e.PowerAt(20, 180_000.0)),
    power_limit_w=320_000.0,
    power_ratio_w_per_wh=3.0,
    expected_cycles=3000,
    expected_years=12.0,
    life_test_rate=1.0,
    exhaustion_threshold_pct=70.0,
    idle_temperature=e.Span(-30.0, 60.0),
    use_temperature=e.Span(-20.0, 55.0),
    efficiency_pct=96.0,
    efficiency_half_life_pct=94.0,
    resistance=e.Resistance(0.09, 0.011, 0.0008),
    self_discharge_pct_month=1.2,
    marks=(
        e.Mark("SeparateCollection", "collect separately", f"{URL}/bin.svg"),
        e.Mark("HazardousMaterial", "Cd, Pb", f"{URL}/pb.svg"),
        e.Mark("CarbonFootPrint", "carbon", f"{URL}/co2.svg"),
    ),
    papers=PAPERS,
    spares=(e.SpareSource(MAKER_FIRM, (e.SparePart("relay", "PN-1"),)),),
    supply_chain_index=0.5,
    further={
        "expires": "2045-01-01",
        "backup_reference": f"{URL}/backup",
        "placed_on_market": "2025-04-01",
        "depth_of_discharge_pct": 80.0,
        "life_test_temperature_c": 25.0,
        "life_test_depth_pct": 80.0,
    },
)
SHEET = e.ModelSheetPublished(
    e.ModelRef("maker-1", "Demo 52"),
    362.0,
    (
        e.Part("cathode", "LiFePO4", 80.5, {"Li": 3.5}, ("H302",), "PN-1"),
        e.Part("housing", "aluminium", 60.0, {"Al": 58.0}, (), "PN-2"),
        e.Part("anode", "graphite, copper", 70.0, {"Cu": 25.0, "C": 42.0}),
    ),
    200.0,
    (
        e.Step("Open the service plug", "拔下维修开关", ("10 mm socket",), 3.5, "High voltage"),
        e.Step("Undo 24 bolts", "拆下 24 个螺栓", ("13 mm socket",), 12.0),
    ),
    "to 30 V over the service port",
    ("gloves class 0",),
    (e.Document("Manual", f"{URL}/52.pdf", "ab" * 32, "zh"),),
    61.5,
    {"Li": 0.06},
    3000,
    8.0,
)


def registered(**more):
    stated = {"chemistry": "lfp"} | more
    body = e.UnitRegistered(
        rated_capacity_ah=150.0,
        nominal_voltage_v=345.6,
        cells_in_series=108,
        model="Demo 52",
        mass_kg=362.0,
        made_on="2025-03-09",
        energy_kwh=51.84,
        certified_energy_kwh=50.0,
        **stated,
    )
    return told(body, 1)


def told(body, counter, unit=parts.PACK, t_ns=T0 - 200 * DAY, key=MAKER, author="maker-1"):
    return parts.signed(
        body, key=key, unit=unit, author=author, stream="erp", counter=counter, t_ns=t_ns
    )


def statements():
    """Registration, model sheet and what the maker states of the model."""
    model = SHEET.model
    return [
        registered(),
        told(SHEET, 2, unit=None),
        told(e.PassportStated(FACTS, model), 3, unit=None),
    ]


def ride(t_ns: int, hours: float = 2.0) -> SampleBatch:
    """Charge and discharge between equal SOC with steps of current, a sample each 5 s."""
    n = int(hours * 720)
    phase = np.arange(n) / n
    current = np.where(phase < 0.5, 130.0, -130.0)
    current[(np.arange(n) // 12) % 4 == 3] = 0.0
    soc = 17.5 + 100 * np.cumsum(current) * 5 / 3600 / 150
    volts = 330 + 0.3 * soc + 0.1 * current
    return SampleBatch.from_arrays(
        t_s=np.arange(n) * 5.0,
        t0_ns=t_ns,
        pack_voltage_v=volts,
        pack_current_a=current,
        soc_pct=soc,
        temperature_c=20 + 35 * np.sin(np.pi * phase)[:, None] + np.zeros((n, 2)),
    )


def life(gateway: parts.PlayedGateway) -> list[tuple[str, bytes]]:
    """Half a year: health each month, an alarm, two hours of samples, days of counters."""
    tell = gateway.tell
    messages = [tell(e.PackInstalled(place=parts.SLOT), t_ns=T0 - 180 * DAY)]
    for month in range(6):
        told_so = msgspec.structs.replace(
            estimate(0.96 - 0.008 * month), resistance_growth=Interval(1.1, 1.02, 1.2)
        )
        body = e.ConditionCommitted(told_so, claimed_soh_pct=97.0)
        messages.append(tell(body, kind=Kind.HEALTH, t_ns=T0 - (170 - 30 * month) * DAY))
        usage = e.UsageRecorded(
            f"2026-0{month % 9 + 1}-02",
            20.0,
            140.0,
            138.0,
            48.5,
            47.0,
            (
                e.Histogram("soc_pct", EDGES["soc_pct"], (2.0,) * 10),
                e.Histogram("temperature_c", EDGES["temperature_c"], (0.5, 0.5, 1) + (2.0,) * 7),
            ),
        )
        at = T0 - (160 - 20 * month) * DAY
        messages.append(tell(usage, t_ns=at, until_ns=at + 20 * HOUR))
    low = e.IncidentRecorded("cell_under_voltage", "watch", "cell_voltage_v", 2.3, 2.5, "cell 3")
    messages.append(tell(low, kind=Kind.ALARM, t_ns=T0 - 20 * DAY))
    over = e.IncidentRecorded("cell_under_voltage", "watch", cleared=True)
    messages.append(tell(over, kind=Kind.ALARM, t_ns=T0 - 19 * DAY))
    batch = ride(T0)
    for at in range(0, len(batch), 240):
        piece = batch.window(at, at + 240)
        messages.append(gateway.telemetry(piece, t_ns=int(piece.t_ns[0])))
    assert MINUTE
    return messages


EDGES = {
    "soc_pct": (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0),
    "temperature_c": (-20.0, -10.0, 0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0),
}
