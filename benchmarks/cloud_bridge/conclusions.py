"""Every conclusion of the bridge beside that of the truth file, which a perfect observer wrote.

Both sides become tables of conclusion -> subject -> value; a value is found where both have it,
missed where the bridge has another, false where the bridge has it and the truth does not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

from benchmarks.cloud_bridge.planted_frauds import Concluded, hand_overs
from cloud_bridge.fold import Account, VehicleState
from packtrail.times import NS_PER_S
from simulators.histories.truth import Fraud

Table = dict[str, dict[str, str]]
ALLOWED_DAYS = 30
CHINA = timezone(timedelta(hours=8))
SCALE_KG, SCALE_SHARE = 1.2, 0.005
ANALYSIS_SHARE = 0.01
AS_IT_WAS = "as it was"


def compare(truth: dict[str, Any], concluded: Concluded) -> Counter[tuple[str, str, str]]:
    """(conclusion, value, `found` | `missed` | `false`) -> how often.

    Args:
        truth: as the truth file has it.
        concluded: what the bridge says.
    """
    end_s = concluded.end_ns // NS_PER_S
    moments = [end_s - days * 86_400 for days in (0, 200, 300, 400, 500)]
    true, said = _true(truth, moments), _said(truth, concluded, moments)
    counts: Counter[tuple[str, str, str]] = Counter()
    for name in true:
        for subject in sorted(true[name].keys() | said[name].keys()):
            right, value = true[name].get(subject), said[name].get(subject)
            if right is not None:
                counts[name, right, "found" if right == value else "missed"] += 1
            if value not in (None, right):
                counts[name, str(value), "false"] += 1
    return counts


def undecidable(truth: dict[str, Any]) -> set[str]:
    """Codes that two packs bear at once: what is said of one of them is said of both."""
    alive = (str(Fraud.CLONED_CODE), "alive")
    return {one["subject"] for one in truth["planted"] if (one["fraud"], one["variant"]) == alive}


def _two_homes(truth: dict[str, Any]) -> set[str]:
    """Codes that the bridge has to count in a vehicle in which they never were."""
    kinds = (str(Fraud.CLONED_CODE), str(Fraud.TWO_VEHICLES))
    return {one["subject"] for one in truth["planted"] if one["fraud"] in kinds}


def _true(truth: dict[str, Any], moments: Iterable[int]) -> Table:
    packs = {code: row for code, row in truth["packs"].items() if code not in undecidable(truth)}
    table: Table = {
        "stage of a pack": {code: row["lifecycle"] for code, row in packs.items()},
        "stage of a module": dict(truth["modules"]),
        "account at scrapping": {car: one["account"] for car, one in truth["vehicles"].items()},
        "last holder": {
            car: one["last_holder"] for car, one in truth["vehicles"].items() if one["last_holder"]
        },
        "who has the pack": {code: row["holder"] for code, row in packs.items() if "holder" in row},
        "vehicles served": {
            code: str(row["vehicles"])
            for code, row in packs.items()
            if "vehicles" in row and code not in _two_homes(truth)
        },
        "mass when taken apart": {
            code: AS_IT_WAS for code, row in packs.items() if "mass_kg" in row
        },
        "metal that a works reports": {
            f"{works} {metal}": AS_IT_WAS
            for works, metals in truth["metals"].items()
            for metal in metals
        },
    }
    duties = {
        f"{row['unit']} {moment}": _state(row, moment)
        for row in truth["handovers"]
        for moment in moments
        if row["retired"] <= moment
    }
    return table | {"duty to hand over": duties}


def _state(row: dict[str, Any], moment: int) -> str:
    """Of a duty, by reckoning of our own: days of China, and that of retirement does not count."""
    day = datetime.fromtimestamp(row["retired"], CHINA).replace(hour=0, minute=0, second=0)
    due = int((day + timedelta(days=ALLOWED_DAYS + 1)).timestamp()) - 1
    received = row["received"]
    if received is not None and received <= moment:
        return "done" if received <= due else "done late"
    return "open" if moment <= due else "overdue"


def _said(truth: dict[str, Any], concluded: Concluded, moments: Iterable[int]) -> Table:
    units = concluded.units
    scrapped = {name: car for name, car in concluded.vehicles.items() if car.scrapped}
    missing = {
        str(one.unit)
        for car in scrapped.values()
        for one in car.accounts
        if one.account is Account.MISSING
    }
    packs = [code for code in truth["packs"] if code in units and code not in undecidable(truth)]
    stages = {
        code: "missing" if code in missing else str(units[code].lifecycle)
        for code in (*packs, *(code for code in truth["modules"] if code in units))
    }
    table: Table = {
        "stage of a pack": {code: stages[code] for code in packs},
        "stage of a module": {code: stages[code] for code in truth["modules"] if code in stages},
        "account at scrapping": {name: _accounts(car) for name, car in scrapped.items()},
        "last holder": {
            name: one.last_holder
            for name, car in scrapped.items()
            for one in car.accounts
            if one.account is not Account.EXEMPT
        },
        "who has the pack": {
            code: units[code].custody.holder for code in packs if "holder" in truth["packs"][code]
        },
        "vehicles served": {
            code: str(units[code].vehicles)
            for code in packs
            if "vehicles" in truth["packs"][code] and code not in _two_homes(truth)
        },
        "mass when taken apart": {
            code: _mass(units[code].parts.mass_kg, truth["packs"][code]["mass_kg"])
            for code in packs
            if "mass_kg" in truth["packs"][code]
        },
        "metal that a works reports": _metals(truth, concluded),
    }
    return table | {"duty to hand over": _duties(concluded, moments)}


def _accounts(car: VehicleState) -> str:
    """A swap vehicle that came without a pack has no account: it is outside the rule too."""
    return ",".join(str(one.account) for one in car.accounts) or str(Account.EXEMPT)


def _mass(said: float | None, true: float) -> str:
    if said is not None and abs(said - true) <= SCALE_KG + SCALE_SHARE * true:
        return AS_IT_WAS
    return f"{said} kg"


def _metals(truth: dict[str, Any], concluded: Concluded) -> dict[str, str]:
    sums: dict[str, float] = defaultdict(float)
    for lot in concluded.lots.values():
        for metal, kg in lot.elements.items():
            if lot.kind != "black_mass":
                sums[f"{lot.lot.party} {metal}"] += kg
    found = {}
    for works, metals in truth["metals"].items():
        for metal, (_, _, told) in metals.items():
            kg = sums.get(f"{works} {metal}", 0.0)
            close = abs(kg - told) <= ANALYSIS_SHARE * told
            found[f"{works} {metal}"] = AS_IT_WAS if close else f"{kg:.1f} kg"
    return found


def _duties(concluded: Concluded, moments: Iterable[int]) -> dict[str, str]:
    found = {}
    for moment in moments:
        for duty in hand_overs(concluded, moment * NS_PER_S):
            state = ("done late" if duty.late else "done") if duty.done else (
                "overdue" if duty.late else "open"
            )  # fmt: skip
            found[f"{duty.units[0]} {moment}"] = state
    return found
