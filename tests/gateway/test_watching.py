"""The terminal view fits its terminal; the check says what a bus speaks."""

from __future__ import annotations

import io
from dataclasses import replace

import can
import msgspec
import pytest
from rich.console import Console

from gateway.bus import BusOptions
from gateway.checking import judge_bus
from gateway.checking.hearing import listen
from gateway.settings import GatewaySettings
from gateway.watching import draw
from packtrail.command import run_line
from packtrail.language import Text
from packtrail.settings import load
from tests.gateway.leaf import Leaf
from tests.gateway.stations import write_settings
from tests.gateway.test_local_api import VIEW

PART = Text("bus", "总线")


def seen(view, width: int, height: int) -> list[str]:
    out = io.StringIO()
    plain = msgspec.json.decode(msgspec.json.encode(view))
    Console(file=out, width=width, height=height).print(draw(plain, width, height))
    return out.getvalue().splitlines()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("slots", [2, 8, 40])
def test_the_view_fits_80_by_24_and_says_what_it_leaves_out(language, slots, monkeypatch):
    monkeypatch.setenv("LANG", f"{language}_XX.UTF-8")
    many = [replace(VIEW.slots[n % 2], name=str(n)) for n in range(slots)]
    faulty = replace(VIEW, slots=many, problems=["outbox failed: disk"], troubles=["full"])
    lines = seen(faulty, 80, 24)
    assert len(lines) <= 24
    assert ("more slots" in lines[-1] or "另有" in lines[-1]) == (slots == 40)
    assert any("91 (86-95)" in line for line in lines)
    assert any("outbox failed" in line for line in lines)


def test_a_gateway_that_does_not_run_is_one_line(tmp_path, capsys):
    settings = write_settings(tmp_path)
    assert run_line(["gateway", "watch", "--once", "--settings", str(settings)]) == 2
    assert "packtrail gateway run" in capsys.readouterr().err


def test_the_check_names_identifiers_rates_and_the_profile_that_fits(tmp_path):
    settings = load(GatewaySettings, write_settings(tmp_path))
    leaf, options = Leaf(), BusOptions("can0", "virtual", "check-leaf")
    with options.open() as ear, can.Bus(interface="virtual", channel="check-leaf") as mouth:
        for _ in range(20):
            data = leaf.status(5)
            mouth.send(can.Message(arbitration_id=leaf.status_id, data=data, is_extended_id=False))
        heard = listen(ear, 0.3)
    finding = judge_bus(PART, options, heard, settings)
    assert not finding.fault
    assert f"{leaf.status_id:03X}" in finding.says.en
    assert "profile fits slot 1" in finding.says.en


def test_the_check_says_when_no_profile_knows_what_is_heard(tmp_path):
    settings = load(GatewaySettings, write_settings(tmp_path))
    options = BusOptions("can0", "virtual", "check-strange")
    with options.open() as ear, can.Bus(interface="virtual", channel="check-strange") as mouth:
        mouth.send(can.Message(arbitration_id=0x7F1, data=b"x", is_extended_id=False))
        mouth.send(can.Message(is_error_frame=True))
        heard = listen(ear, 0.2)
    assert judge_bus(PART, options, heard, settings).remedy is not None
    heard.frames.clear()
    assert judge_bus(PART, options, heard, settings).fault, "error frames alone: the bit rate"
    heard.errors = 0
    assert "silent" in judge_bus(PART, options, heard, settings).says.en
