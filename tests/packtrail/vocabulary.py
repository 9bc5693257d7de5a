"""One event of every type with every field filled in, and the golden file made of them.

`python -m tests.packtrail.vocabulary` writes the file anew; do so only for a new type, since
events that were signed once go round for ever.
"""

from __future__ import annotations

from pathlib import Path

from packtrail import event as e
from packtrail.estimate import DegradationModes, Estimate, Interval, SensorErrors, Verdict
from packtrail.signing import SigningKey
from packtrail.times import ClockQuality

FILE = Path(__file__).parent / "golden" / "events-1.jsonl"
KEY = SigningKey.from_seed(bytes(range(32)))
T0 = 1_775_001_600_000_000_000
DAY = "2026-04-01"
NOON = "2026-04-01T12:00:00Z"
ID = "ab" * 32

PACK = e.UnitRef("gbt34014", "000PB0100000ABG410000001")
OTHER = e.UnitRef("gbt34014", "02KPBFD132043CA5V0000027")
MODULE = e.UnitRef("maker_serial", "M-1")
PRODUCT = e.UnitRef("gbt34014", "001PB24F3A0000123RP")
CAR = e.VehicleRef("commitment", "c0ffee" * 10)
PLACE = e.PlaceRef("hangzhou-1", "3")
LOT = e.LotRef("recycler-1", "L-7")
READ = (e.Reading("scanner", PACK.id, NOON, "00ff", OTHER),)
ESTIMATE = Estimate(
    verdict=Verdict.TOLD,
    soh=Interval(0.9, 0.88, 0.92),
    modes=DegradationModes(
        Interval(0.08, 0.06, 0.1), Interval(0.04, 0.01, 0.07), Interval(0.05, 0.02, 0.08)
    ),
    usable_kwh=Interval(45.5, 44.0, 47.0),
    certified_kwh=50.0,
    soce=Interval(0.91, 0.88, 0.94),
    sensors=SensorErrors(0.25, 0.01, 0.001),
    rated_ah=150.0,
    method="balance/1",
)
COUNTERS = (e.Counter("throughput_ah", 120_000.5, 0.0),)
OUT = (e.MaterialOut(LOT, "black_mass", 120.5, {"Li": 4.5, "Co": 10.25}),)
PARTS = (e.LotPart(LOT, 12.5),)

PULSES = e.PulseTest(tuple(3.5 + k / 64 for k in range(21)), 3.5, 10.5, 25.5)
BODIES: tuple[e.Body, ...] = (
    e.UnitRegistered(
        "lfp",
        150.0,
        345.6,
        108,
        "Demo 52",
        362.5,
        DAY,
        e.Level.PACK,
        (MODULE,),
        4,
        51.8,
        50.5,
        "ev",
        "Hangzhou",
    ),
    e.VehicleRegistered(CAR, e.VehicleMode.SWAP, 1, (PACK,), "Car 5", "Brand", DAY, "operator"),
    e.AliasBound(MODULE, NOON, "label and UDS agree"),
    e.LabelReissued(OTHER, "scratched", ID),
    e.IdentityContested(PLACE, "differ", READ),
    e.ModelSheetPublished(
        e.ModelRef("maker-1", "Demo 52"),
        362.5,
        (e.Part("cathode", "LiFePO4", 80.5, {"Li": 3.5}, ("H302",), "PN-1"),),
        1.5,
        (e.Step("Open the service plug", "拔下维修开关", ("10 mm socket",), 3.5, "High voltage"),),
        "to 30 V",
        ("gloves class 0",),
        (e.Document("Manual", "https://maker.example/52.pdf", ID, "zh"),),
        61.5,
        {"Li": 0.06},
        3000,
        8.0,
    ),
    e.SiteRegistered(
        "outlet-9",
        "outlet-9",
        "outlet",
        "Outlet 九",
        "330100",
        "L-1",
        ("lfp",),
        DAY,
        DAY,
        30.25,
        120.5,
    ),
    e.PackInstalled(CAR, PLACE, "repair", 50.5, READ, 0.91, 81_234.5, "front"),
    e.PackRemoved(CAR, PLACE, "repair", 20.5, READ, 0.91, 81_234.5, "front"),
    e.SwapPerformed(CAR, "hangzhou-1", OTHER, "换电-1", 18.5, 92.5, 0.91, 0.93),
    e.VehicleSold(CAR, "330100", "c0ffee", DAY),
    e.OwnerChanged("c0ffee", CAR, "330100"),
    e.LostOrStolen("stolen", "case 7", CAR),
    e.Found("case 7", PLACE, CAR),
    e.Exported("DE", "decl. 7", CAR),
    e.ConditionCommitted(ESTIMATE, 91.5, 88.5, 1200.5, {"chemistry": "LFP", "rated_ah": 140.5}),
    e.IncidentRecorded("over_temperature", "danger", "temperature_c", 61.5, 60.0, "probe 3", True),
    e.ChargeRecorded(
        PLACE,
        CAR,
        2011,
        20.5,
        90.5,
        98.5,
        33.5,
        34.5,
        140.5,
        345.5,
        48.5,
        3,
        77,
        412,
        ("over_temperature",),
        ("BST.soc_reached",),
        ("CEM.bcs",),
    ),
    e.UsageRecorded(
        DAY,
        23.5,
        120.5,
        118.5,
        41.5,
        40.5,
        (e.Histogram("soc_pct", (20.5, 80.5), (1.5, 12.5, 9.5)),),
        (e.Extremes("temperature_c", 18.5, 39.5),),
        (e.Gap(NOON, NOON),),
        0.5,
    ),
    e.InspectionRecorded(
        "GB/T 34015-2017", True, 139.5, 42.5, 900.5, 47.5, 1.5, True, True, ID, PULSES
    ),
    e.BmsReplaced(COUNTERS, "B-1", "B-2", "broken"),
    e.CounterReset(COUNTERS, True, "fell between two readings"),
    e.TelemetryAttributed(PLACE, NOON, NOON, OTHER, READ),
    e.TelemetryThinned(NOON, NOON, 7),
    e.TelemetryCommitted(DAY, ID, 24, 86_400, 1),
    e.CustodyOffered("O-1", "outlet-9", (OTHER,), (LOT,), 720.5, 2, 0.5, "T-1"),
    e.CustodyAccepted("O-1", "shop-3", (OTHER,), (LOT,), 720.5, 2, 0.5, "outlet-9", "dented"),
    e.CustodyRefused("O-1", "shop-3", "leaking", (OTHER,), (LOT,), 360.5, 1),
    e.LotFormed(LOT, (PACK, OTHER), PLACE, 720.5, 2),
    e.RecoveryOrdered(
        "T-1", "outlet-9", "outlet-9", "L-1", (PACK,), (LOT,), 362.5, 1, "330100", DAY
    ),
    e.RecoveryReceived("outlet-9", (PACK,), "shop-3", 362.5, 1, LOT, "T-1", "L-1", "intact"),
    e.RecoveryShipped("outlet-9", "recycler-1", (PACK,), (LOT,), 362.5, 1, "T-2"),
    e.UnitRepaired(
        (e.Replacement(MODULE, e.UnitRef("maker_serial", "M-2")),),
        1,
        1,
        362.5,
        363.5,
        "maker-1",
        "module 3 replaced",
        True,
    ),
    e.UnitRetired("capacity", 362.5, "lfp", "outlet-9"),
    e.UnitDestroyed("fire", 210.5),
    e.VehicleScrapReceived(CAR, (PACK,), "C-1", "vehicle"),
    e.MissingPackExplained(CAR, OTHER, "V-1", "replaced in warranty", ID),
    e.TriageDecided("repurpose", "triage/2", 4000.5, 5200.5, "CNY", DAY, (ID,)),
    e.UnitDisassembled(362.5, (MODULE,), 4, 240.5, OUT, 1.5, 0.5),
    e.ProductAssembled(
        (MODULE,),
        "lfp",
        100.5,
        48.0,
        4,
        (PACK, OTHER),
        e.Level.PRODUCT,
        60.5,
        4.8,
        "stationary",
        "tower-1",
        ("GB/T 36276",),
    ),
    e.MaterialProcessed(OUT, PARTS, (OTHER,), 362.5, {"Li": 5.5}, 10.5, 2.5, 1.5, "hydro"),
    e.MaterialUsed(PARTS, (OTHER,), {"Li": 0.5}),
    e.CorrectionDeclared(ID, "incorrect_data", "cd" * 32, "wrong code typed"),
    e.Disputed(ID, "never had that pack"),
    e.DisputeResolved(ID, "upheld", "camera checked"),
    e.ConflictDetected("I1", "two_places", (ID, "cd" * 32), (ID,), CAR),
    e.DutyOverdue("hand_over", "shop-3", NOON, (ID,), CAR),
    e.AnomalyFlagged("replayed", (ID,), 0.99, "day equals an earlier day"),
    e.ReportSent("R-1", "national", "production", (ID,), ID, 2),
    e.ReportAcknowledged("R-1", "national", "N-1"),
    e.ReportBounced("R-1", "national", "not_in_stock", "code not in production stock", True),
    e.PersonalDataErased("c0ffee", "request 7", OTHER),
    e.KeyRegistered(
        KEY.public.text, "p", "maker", ("UnitRegistered",), ("s",), NOON, NOON, ("000",)
    ),
    e.KeyRotated(KEY.public.text, "cHJvb2Y=", NOON),
    e.KeyRevoked(KEY.key_id, NOON, "lost"),
    e.AccessGranted("G-1", "bank-1", ("health",), "triage", NOON, NOON),
    e.AccessRevoked("G-1", NOON),
    e.PassportStated(
        e.PassportFacts(
            e.Firm("Maker", "M", "id-1", e.Address("Road 1", "310000", "CN"), "a@maker.example"),
            warranty=e.Warranty(96, DAY),
            recycled=(e.Recycled("Lithium", 4.5, 1.5),),
        ),
        e.ModelRef("maker-1", "Demo 52"),
        (e.Claim("soc_pct", 50.5, "%", "2026-04-01T00:00:00Z", "claimed", 49.5, 51.5),),
        "batterypass",
        ID,
    ),
    e.SubjectForgotten("ab" * 16, "vehicle", 12, ID, "request 7", "clerk"),
    e.TelemetryRetired(
        (e.RetiredDay(DAY, ID, 1, 20, 4),), 72_000, 81_920, ID, "packtrail-default/1", ID
    ),
)


def events() -> list[e.Event]:
    """One event of each type."""
    return [
        e.Event(
            unit=PACK,
            **e.at(T0, T0 + 5_000_000_000),
            clock=ClockQuality.FREE,
            author="party-1",
            stream="erp",
            counter=number,
            body=body,
        )
        for number, body in enumerate(BODIES, start=1)
    ]


def lines() -> bytes:
    """The golden file."""
    return b"".join(e.encode_event(e.sign_event(one, KEY)) + b"\n" for one in events())


if __name__ == "__main__":
    FILE.write_bytes(lines())
