"""Take-back: a directory, an order in one step, a hand-over with kg, and what it comes to."""

from __future__ import annotations

import csv
import io

import pytest

from cloud_bridge.errors import BridgeError
from cloud_bridge.ledger.authority import Authority
from cloud_bridge.takeback import orders
from cloud_bridge.takeback.directory import near, objection, read_directory, sites_of
from cloud_bridge.takeback.statistics import as_csv, recovered
from packtrail import event as e
from packtrail.command import run_line
from packtrail.errors import SettingsError
from packtrail.signing import SigningKey
from tests.cloud_bridge import parts, passport_story
from tests.cloud_bridge.conftest import NOW, ORIGIN

OUTLET = SigningKey.from_seed(b"outlet".ljust(32, b"."))
SHOP = SigningKey.from_seed(b"shop".ljust(32, b"."))
CSV = """site,party,kind,name,region,licence,accepts,valid_from,valid_to,latitude_deg,longitude_deg
far,outlet-2,outlet,Far,440300,L-2,,2020-01-01,,22.5,114.0
close,outlet-1,outlet,近,330108,L-1,lfp;nmc,2020-01-01,,30.2,120.2
old,outlet-3,outlet,Old,330106,L-3,,2020-01-01,2021-01-01,30.25,120.15
nmc-only,outlet-4,recycler,N,330106,L-4,nmc,,,30.25,120.16
shop,shop-1,shop,Shop,330106,S-1,,,,30.25,120.15
"""


@pytest.fixture
def book(desk, tmp_path):
    """Maker, shop and outlet are trusted; the directory is imported by the maker."""
    wanted = [
        e.KeyRegistered(parts.STATION.public.text, "station-1", "gateway"),
        e.KeyRegistered(parts.MAKER.public.text, "maker-1", "maker"),
        e.KeyRegistered(SHOP.public.text, "shop-1", "workshop"),
        e.KeyRegistered(OUTLET.public.text, "outlet-1", "outlet"),
    ]
    Authority(desk.store, parts.AUTHORITY, "bridge-1", ORIGIN, lambda: NOW).publish_trust(wanted)
    for name, key in (("bridge", parts.AUTHORITY), ("maker", parts.MAKER)):
        key.save(tmp_path / f"{name}.pem")
    SHOP.save(tmp_path / "shop.pem")
    OUTLET.save(tmp_path / "outlet.pem")
    (tmp_path / "bridge.toml").write_text(
        'key_file = "bridge.pem"\n[store]\npath = "bridge.sqlite"\n'
    )
    (tmp_path / "sites.csv").write_text(CSV, "utf-8")
    desk.submit(*passport_story.statements())
    return desk


def run(tmp_path, *words, by=""):
    line = ["bridge", *words, "--settings", str(tmp_path / "bridge.toml")]
    if by:
        line += ["--author", f"{by}-1", "--key", str(tmp_path / f"{by}.pem")]
    return run_line(line)


def retire(desk):
    body = e.UnitRetired("worn", 361.0)
    assert (
        desk.submit(
            passport_story.told(body, 1, key=SHOP, author="shop-1", t_ns=parts.T0)
        ).status_code
        == 200
    )


def test_a_directory_is_read_whole_or_not_at_all(tmp_path):
    file = tmp_path / "sites.csv"
    file.write_text(CSV, "utf-8")
    sites = {site.site: site for site in read_directory(file)}
    assert sites["close"].accepts == ("lfp", "nmc")
    assert sites["close"].latitude_deg == 30.2
    file.write_text("场所,单位,类型,区划,许可\na,b,outlet,330100,L\nc,,moon,1,\n", "utf-8")
    with pytest.raises(SettingsError) as caught:
        read_directory(file)
    assert len(caught.value.faults) == 1
    assert "3" in caught.value.faults[0]


def test_the_nearest_lawful_site_is_chosen(tmp_path):
    file = tmp_path / "sites.csv"
    file.write_text(CSV, "utf-8")
    sites = {site.site: site for site in read_directory(file)}
    found = near(sites.values(), "lfp", "2026-04-01", place=sites["shop"])
    assert [one.site.site for one in found] == ["close", "far"]
    assert found[0].km == pytest.approx(7.3, abs=0.3)
    by_region = near(sites.values(), "nmc", "2026-04-01", region="330106")
    assert [one.site.site for one in by_region] == ["nmc-only", "close", "far"]
    assert objection(sites["old"], "", "2026-04-01").en == "its licence ended on 2021-01-01"
    assert objection(sites["old"], "", "2020-06-01") is None


def test_a_pack_goes_from_the_shop_to_the_outlet_in_one_step(book, tmp_path, capfd):
    assert run(tmp_path, "directory", "import", str(tmp_path / "sites.csv"), by="maker") == 0
    assert set(sites_of(book.store)) == {"far", "close", "old", "nmc-only", "shop"}
    where = ("takeback", parts.CODE, "--from-site", "shop", "--order", "T1")
    assert run(tmp_path, *where, by="shop") == 2, "it is not retired yet"
    assert "not retired" in capfd.readouterr().err
    retire(book)
    assert run(tmp_path, *where, by="shop") == 0
    assert "order T1 to close (outlet-1), 7 km" in capfd.readouterr().out
    custody = book.context.packs.state(parts.PACK).custody
    assert (custody.to_party, custody.order) == ("outlet-1", "shop-1/T1")
    accept = ("handover", "accept", "shop-1/T1", "--site", "close", "--kg", "361")
    assert run(tmp_path, *accept, by="outlet") == 0
    state = book.context.packs.state(parts.PACK)
    assert (state.custody.holder, state.lifecycle.value) == ("outlet-1", "recovered")
    assert not [one for one in state.contests if one.reason.value == "quantity_gap"]


def test_a_gap_in_mass_is_a_discrepancy_that_both_sides_see(book, tmp_path, capfd):
    run(tmp_path, "directory", "import", str(tmp_path / "sites.csv"), by="maker")
    retire(book)
    run(
        tmp_path, "takeback", parts.CODE, "--to", "close", "--order", "T1", "--kg", "361", by="shop"
    )
    capfd.readouterr()
    accept = ("handover", "accept", "shop-1/T1", "--site", "close", "--kg", "300")
    assert run(tmp_path, *accept, by="outlet") == 0
    assert "discrepancy" in capfd.readouterr().out
    reasons = [one.reason.value for one in book.context.packs.state(parts.PACK).contests]
    assert "quantity_gap" in reasons


def test_a_refusal_leaves_custody_with_the_giver(book, tmp_path):
    run(tmp_path, "directory", "import", str(tmp_path / "sites.csv"), by="maker")
    retire(book)
    run(tmp_path, "takeback", parts.CODE, "--to", "close", "--order", "T1", by="shop")
    refuse = ("handover", "refuse", "shop-1/T1", "--reason", "leaking")
    assert run(tmp_path, *refuse, by="outlet") == 0
    custody = book.context.packs.state(parts.PACK).custody
    assert custody.to_party == ""
    assert custody.holder == "maker-1"


def test_a_site_whose_licence_ended_is_not_taken(book, tmp_path, capfd):
    run(tmp_path, "directory", "import", str(tmp_path / "sites.csv"), by="maker")
    retire(book)
    assert run(tmp_path, "takeback", parts.CODE, "--to", "old", by="shop") == 2
    assert "licence ended" in capfd.readouterr().err
    with pytest.raises(BridgeError, match="no such offer"):
        orders.offer_of(book.store, "shop-1", "T9")


@pytest.mark.parametrize(
    ("by", "group"), [("month", None), ("party", "outlet-1"), ("region", "330108"), ("lot", "-")]
)
def test_what_was_taken_back_comes_to_metals(book, tmp_path, by, group):
    run(tmp_path, "directory", "import", str(tmp_path / "sites.csv"), by="maker")
    retire(book)
    run(tmp_path, "takeback", parts.CODE, "--to", "close", "--order", "T1", by="shop")
    run(tmp_path, "handover", "accept", "shop-1/T1", "--site", "close", by="outlet")
    [row] = recovered(book.store, by)
    assert row.packs == row.known == 1
    assert row.kwh == pytest.approx(51.84)
    # 3.5 kg of lithium, 25 of copper and 58 of aluminium in the sheet; 90 and 98 % come back.
    assert row.metals["Li"] == pytest.approx(0.9 * 3.5)
    assert row.metals["Cu"] == pytest.approx(0.98 * 25)
    assert row.metals["Ni"] == 0
    assert group in (None, row.group)
    [told] = csv.DictReader(io.StringIO(as_csv([row])))
    assert told["recoverable_al_kg"] == "56.840"
