"""The check listens at other bit rates where that disturbs nobody, and says who acknowledges."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.bus import BusOptions, BusState
from gateway.checking import check, check_bus
from gateway.checking.probe import said_by_ip
from gateway.local_api import LocalApi
from gateway.outbox.instance import lock_outbox
from gateway.settings import GatewaySettings
from packtrail.settings import load
from tests.gateway.slcan_adapter import SlcanAdapter
from tests.gateway.stations import write_settings
from tests.gateway.test_local_api import VIEW
from tests.services import LOOPBACK

AT_ONCE = {"sleep_after_open": 0.0}


@pytest.fixture
def settings(tmp_path):
    return load(GatewaySettings, write_settings(tmp_path))


def options(adapter: SlcanAdapter, **more) -> BusOptions:
    return BusOptions("can0", "slcan", adapter.path, extra=AT_ONCE, **more)


def test_a_silent_bus_is_heard_at_its_own_bit_rate_and_nothing_is_acknowledged(settings):
    with SlcanAdapter(125_000) as adapter:
        finding = check_bus(options(adapter, bitrate=500_000, listen_only=True), settings)
    assert finding.fault
    assert "at 125000 bit/s there is 1DB" in finding.says.en
    assert finding.remedy.en == "set bitrate = 125000"
    assert {acknowledged for _, acknowledged in adapter.opened} == {False}


def test_a_rate_that_is_right_needs_no_probing_and_the_mode_is_told(settings):
    with SlcanAdapter(500_000) as adapter:
        heard = check_bus(options(adapter, bitrate=500_000), settings)
        quiet = check_bus(options(adapter, bitrate=500_000, listen_only=True), settings)
    assert "500 kbit/s, acknowledges" in heard.says.en
    assert "500 kbit/s, listen-only" in quiet.says.en
    assert "只听" in quiet.says.zh
    assert {rate for rate, _ in adapter.opened} == {500_000}


def test_a_bus_without_a_sound_says_that_all_rates_were_tried(settings):
    with SlcanAdapter(20_000) as adapter:
        finding = check_bus(options(adapter, bitrate=500_000, listen_only=True), settings)
    assert finding.says.en.startswith("slcan ")
    assert "at any bit rate" in finding.says.en
    assert "只听：已打开" in finding.says.zh
    assert "no wire" in finding.remedy.en


def test_the_system_says_whether_a_controller_acknowledges():
    def link(*modes):
        return [{"linkinfo": {"info_kind": "can", "info_data": {"ctrlmode": list(modes)}}}]

    assert said_by_ip(link("LISTEN-ONLY", "FD")) is True
    assert said_by_ip(link("FD")) is False
    assert said_by_ip([{"linkinfo": {"info_kind": "vcan"}}]) is None
    assert said_by_ip([]) is None


def test_a_gateway_that_runs_answers_for_what_it_holds(tmp_path):
    path = write_settings(tmp_path)
    settings = load(GatewaySettings, path)
    buses = {
        "can0": BusState(up=True, frames=99, overflowed=2),
        "can1": BusState(up=False, problem="no such device"),
    }
    view = replace(VIEW, gateway=settings.gateway, buses=buses, problems=["pipeline stuck"])
    port = settings.local_api.port
    api = LocalApi(LOOPBACK, port, look=lambda: view, enter=lambda _told: None, now_ns=lambda: 0)
    api.start()
    with lock_outbox(settings.outbox.file):
        found = {finding.part.en: finding for finding in check(settings)}
    api.stop()
    assert not found["outbox"].fault
    assert "local port" not in found
    assert "99 frames, 2 lost" in found["bus can0"].says.en
    assert found["bus can1"].fault
    assert found["gateway"].fault
    assert "pipeline stuck" in found["gateway"].says.zh
    assert not found["link"].fault
    assert found["broker"].fault  # none runs here
    with lock_outbox(settings.outbox.file):
        found = {finding.part.en: finding for finding in check(settings)}
    assert found["outbox"].fault, "somebody else holds it"
