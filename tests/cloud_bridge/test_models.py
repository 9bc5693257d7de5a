"""Model sheets on record and on each pack's page; uses that are banned."""

from __future__ import annotations

import pytest

from cloud_bridge.models import read_sheet
from cloud_bridge.rules.bans import breaches, read_bans
from packtrail import event as e
from packtrail.command import run_line
from packtrail.errors import SettingsError
from packtrail.times import parse_time
from tests.cloud_bridge import parts, passport_story

SHEET = """
model = "Demo 52"
mass_kg = 362.0
mass_tolerance_kg = 200.0
discharge = "to 30 V"
safety = ["gloves class 0"]
[[parts]]
name = "cathode"
material = "LiFePO4"
kg = 180.0
elements = { Li = 3.5 }
[[steps]]
en = "Open the service plug"
zh = "拔下维修开关"
tools = ["10 mm socket"]
minutes = 3.5
[passport]
minimum_voltage_v = 270.0
"""


def test_a_sheet_is_put_on_record_and_shown_with_each_pack(desk, tmp_path, capfd):
    desk.submit(passport_story.registered())
    assert "Open the service plug" not in desk.get(f"/packs/{parts.CODE}").text
    (tmp_path / "sheet.toml").write_text(SHEET, "utf-8")
    parts.AUTHORITY.save(tmp_path / "bridge.pem")
    parts.MAKER.save(tmp_path / "maker.pem")
    settings = tmp_path / "bridge.toml"
    settings.write_text('key_file = "bridge.pem"\n[store]\npath = "bridge.sqlite"\n')
    line = ["bridge", "model", str(tmp_path / "sheet.toml"), "--settings", str(settings)]
    line += ["--author", "maker-1", "--key", str(tmp_path / "maker.pem")]
    assert run_line(line) == 0
    assert "2 events recorded" in capfd.readouterr().out
    page = desk.get(f"/packs/{parts.CODE}?lang=en").text
    assert "Open the service plug" in page
    assert "10 mm socket" in page
    assert "LiFePO4" in page
    assert "拔下维修开关" in desk.get(f"/packs/{parts.CODE}?lang=zh").text


def test_markup_in_a_sheet_stays_text(desk):
    step = e.Step("<script>alert(1)</script>", "<b>x</b>")
    sheet = e.ModelSheetPublished(passport_story.SHEET.model, 362.0, steps=(step,))
    desk.submit(passport_story.registered(), passport_story.told(sheet, 2, unit=None))
    page = desk.get(f"/packs/{parts.CODE}?lang=en").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("mass_tolerance_kg = 200.0", "mass_tolerance_kg = 1.0", "weigh 180 kg"),
        ('model = "Demo 52"', "", "no name"),
        ("kg = 180.0", 'kg = "much"', "kg"),
    ],
)
def test_a_sheet_with_a_fault_is_refused(tmp_path, old, new, fault):
    file = tmp_path / "sheet.toml"
    file.write_text(SHEET.replace(old, new, 1), "utf-8")
    with pytest.raises(SettingsError, match=fault):
        read_sheet(file, "maker-1")


@pytest.mark.parametrize(
    ("use", "day", "banned"),
    [
        ("E-Bike", "2026-05-01", True),
        ("电动自行车", "2026-04-01", True),
        ("e-bike", "2026-03-31", False),
        ("grid storage", "2026-05-01", False),
    ],
)
def test_a_product_for_a_banned_use_is_found_from_the_day_of_the_ban_on(use, day, banned):
    from cloud_bridge.fold import Told

    body = e.ProductAssembled((parts.PACK,), "lfp", 100.0, 48.0, use=use)
    made = parts.event(body, unit=parts.OTHER_PACK, t_ns=parse_time(f"{day}T08:00:00Z"))
    found = breaches([Told("id", made)], read_bans())
    assert [(one.ban, one.legal) for one in found] == (
        [("electric_bicycle", "Order No. 73, Art. 22")] if banned else []
    )
