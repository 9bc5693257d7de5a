"""The repair shop's one command: what it finds in a bus or a log, and the page that it writes."""

from __future__ import annotations

import base64
import json
import re
import threading

import can
import pytest

from gateway.scan.report import REPORT_DOMAIN
from packtrail.command import run_line
from packtrail.signing import canonical
from tests.gateway.drafts import KEY
from tests.gateway.leaf import Leaf, write_candump
from tests.gateway.test_binding import A

SPEC = 'chemistry = "LMO"\nrated_ah = 66.0\ncells_in_series = 96\n'


def facts_in(page: str) -> dict:
    return json.loads(re.search(r'id="facts">(.*?)</script>', page, re.DOTALL)[1])


def test_a_recording_becomes_a_signed_page_of_the_best_profile(tmp_path, capsys):
    write_candump(tmp_path / "drive.log", 30)
    (tmp_path / "spec.toml").write_text(SPEC)
    KEY.save(tmp_path / "shop.key")
    page = tmp_path / "report.html"
    words = ["scan", "--log", str(tmp_path / "drive.log"), "--label", f"P/N 88 {A.lower()}"]
    words += ["--spec", str(tmp_path / "spec.toml"), "--key", str(tmp_path / "shop.key")]
    assert run_line([*words, "-o", str(page)]) == 0
    told = capsys.readouterr().out
    assert A in told
    assert "nissan_leaf" in told
    assert "cannot tell" in told, "half a minute of driving tells no state of health"
    text = page.read_text("utf-8")
    facts = facts_in(text)
    assert facts["code"] == A
    assert facts["values"]["pack_voltage_v"] == 380.0
    signature = re.search(r"Ed25519 [0-9a-f]{16} ([A-Za-z0-9+/=]+)", text)[1]
    assert KEY.public.accepts(REPORT_DOMAIN, canonical(facts), base64.b64decode(signature))
    assert "http" not in text.replace("http-equiv", ""), "it needs no network"


def test_a_hostile_label_stays_text(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    write_candump(tmp_path / "drive.log", 3)
    label = "</script><script>alert(1)</script>"
    words = ["scan", "--log", str(tmp_path / "drive.log"), "--label", label]
    assert run_line([*words, "-o", str(tmp_path / "r.html")]) == 0
    text = (tmp_path / "r.html").read_text("utf-8")
    assert "<script>alert" not in text
    assert "电池包检测报告" in text
    assert facts_in(text)["label"] == label


def test_a_live_bus_is_read_in_the_time_that_was_given(tmp_path, capsys):
    stop, leaf = threading.Event(), Leaf()

    def speak() -> None:
        with can.Bus(interface="virtual", channel="bench") as bus:
            while not stop.wait(0.02):
                for number, data in (
                    (leaf.status_id, leaf.status(5)),
                    (leaf.charge_id, leaf.charge(71)),
                ):
                    message = can.Message(arbitration_id=number, data=data, is_extended_id=False)
                    bus.send(message)

    voice = threading.Thread(target=speak)
    voice.start()
    words = ["scan", "--interface", "virtual", "--channel", "bench", "--seconds", "3"]
    try:
        assert run_line([*words, "--profile", "nissan_leaf"]) == 0
    finally:
        stop.set()
        voice.join()
    assert "71.0 %" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--interface", "virtual", "--channel", "silent", "--seconds", "1"], "nothing was heard"),
        (["--interface", "socketcan", "--channel", "no-such"], "cannot be read"),
        (["--log", "none.log"], "none.log"),
        (["--profile", "none"], "none"),
    ],
)
def test_what_cannot_be_read_is_one_line_with_a_remedy(words, said, capsys):
    assert run_line(["scan", *words]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told
