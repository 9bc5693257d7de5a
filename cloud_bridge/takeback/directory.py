"""The directory: sites from a CSV file onto the ledger, and the lawful ones near a place."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from cloud_bridge.store import Store
from packtrail.errors import SettingsError, os_fault
from packtrail.event import SiteRegistered
from packtrail.language import Text
from packtrail.shapes import convert

KINDS: Final = frozenset(
    {"outlet", "recycler", "utiliser", "dismantler", "station", "shop", "store"}
)
LAWFUL: Final = frozenset({"outlet", "recycler", "utiliser"})
"""Who may take waste packs: makers' outlets and utilisation firms (Order No. 73, Art. 16 to 19)."""
_CHINESE: Final = {
    "场所": "site", "单位": "party", "类型": "kind", "名称": "name", "区划": "region",
    "许可": "licence", "接收类型": "accepts", "有效期起": "valid_from", "有效期止": "valid_to",
    "纬度": "latitude_deg", "经度": "longitude_deg",
}  # fmt: skip
_NEEDED: Final = ("site", "party", "kind", "region", "licence")
_EARTH_KM: Final = 6371.0


def read_directory(path: Path) -> list[SiteRegistered]:
    """Sites of a CSV file (UTF-8, a header in English or Chinese, `accepts` parted by `;`).

    Raises:
        SettingsError: every faulty line with its number; nothing is taken then.
        PacktrailError: the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise os_fault(error, path) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(
            str(path), [Text("no CSV in UTF-8", "不是 UTF-8 的 CSV").say()]
        ) from error
    found, faults = [], []
    for number, row in enumerate(rows, start=2):
        site = _site(row)
        if isinstance(site, str):
            line = Text("line {n}: {why}", "第 {n} 行：{why}").say(n=number, why=site)
            faults.append(line)
        else:
            found.append(site)
    if faults or not found:
        raise SettingsError(str(path), faults or [Text("no site in it", "其中没有场所").say()])
    return found


def _site(row: dict[str, Any]) -> SiteRegistered | str:
    """The site of a line, or what is wrong with it."""
    plain = {_CHINESE.get(name, name): (value or "").strip() for name, value in row.items() if name}
    lacking = [name for name in _NEEDED if not plain.get(name)]
    if lacking:
        return Text("{names} missing", "缺少 {names}").say(names=", ".join(lacking))
    if plain["kind"] not in KINDS:
        return Text("kind {kind!r} is none of: ", "类型 {kind!r} 不在其中：").say(
            kind=plain["kind"]
        ) + ", ".join(sorted(KINDS))
    values: dict[str, Any] = {name: value for name, value in plain.items() if value}
    values["accepts"] = [one for one in plain.get("accepts", "").lower().split(";") if one]
    try:
        site = convert(values, SiteRegistered, strict=False)
    except msgspec.ValidationError as error:
        return str(error)
    for day in (site.valid_from, site.valid_to):
        if day and (len(day) != 10 or day[4] != "-"):
            return Text("{day!r} is no date like 2026-04-01", "{day!r} 不是日期").say(day=day)
    return site


def sites_of(store: Store) -> dict[str, SiteRegistered]:
    """The newest statement on each site."""
    found: dict[str, SiteRegistered] = {}
    after = -1
    while page := store.entries_of_type("SiteRegistered", after):
        for entry in page:
            body = entry.event.body
            if isinstance(body, SiteRegistered):
                found[body.site] = body
        after = page[-1].leaf
    return found


def objection(site: SiteRegistered, chemistry: str, day: str) -> Text | None:
    """Why a site may not take a waste pack of a chemistry on a day; None when it may."""
    if site.kind not in LAWFUL:
        return Text(f"{site.kind} takes no waste packs", f"{site.kind} 不接收废旧电池")
    if not site.licence:
        return Text("it has no licence", "没有许可")
    if site.valid_from and day < site.valid_from:
        return Text(f"licensed from {site.valid_from} on", f"许可自 {site.valid_from} 起有效")
    if site.valid_to and day > site.valid_to:
        return Text(f"its licence ended on {site.valid_to}", f"许可已于 {site.valid_to} 到期")
    if site.accepts and chemistry and chemistry.lower().split("/")[0] not in site.accepts:
        return Text(f"it does not take {chemistry}", f"不接收 {chemistry}")
    return None


@dataclass(frozen=True, slots=True)
class Near:
    """A lawful site; `km` from the place, None where coordinates are not known."""

    site: SiteRegistered
    km: float | None


def near(
    sites: Iterable[SiteRegistered],
    chemistry: str,
    day: str,
    *,
    region: str = "",
    place: SiteRegistered | None = None,
) -> list[Near]:
    """Lawful sites, the nearest first: by distance where both places are known, else by region.

    Regions are division codes (GB/T 2260): the more leading digits agree, the nearer.
    """
    region = region or (place.region if place else "")
    lawful = [site for site in sites if objection(site, chemistry, day) is None]
    found = [Near(site, _km(place, site)) for site in lawful]
    return sorted(
        found,
        key=lambda one: (
            one.km if one.km is not None else math.inf,
            -_shared(one.site.region, region),
            one.site.site,
        ),
    )


def _shared(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
                min(len(one), len(other)))  # fmt: skip


def _km(place: SiteRegistered | None, site: SiteRegistered) -> float | None:
    """Great-circle distance."""
    if place is None:
        return None
    ends = (place.latitude_deg, place.longitude_deg, site.latitude_deg, site.longitude_deg)
    if any(end is None for end in ends):
        return None
    lat1, lon1, lat2, lon2 = (math.radians(end or 0.0) for end in ends)
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(half)))
