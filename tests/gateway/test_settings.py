"""Settings: the sample is right, and every fault is told at once."""

from __future__ import annotations

import re

import pytest

from gateway.settings import GatewaySettings, sample_path
from packtrail.errors import PacktrailError, SettingsError
from packtrail.event import UnitRef
from packtrail.settings import load, parse
from tests.gateway.stations import write_settings

EXAMPLES = ("username", "password_env", "ca_file", "certificate_file", "key_file", "file", "dbc")
EXAMPLES += ("bitrate", "spec_file", "certified_energy_kwh", "evse", "socket", "uds")
"""Lines of the sample that show a value rather than the default."""


def test_the_sample_is_sound():
    settings = load(GatewaySettings, sample_path())
    assert settings.slot[0].bus == settings.bus[0].name
    assert settings.outbox.file == sample_path().parent.resolve() / "outbox.db"


def test_every_default_that_the_sample_shows_is_the_default(tmp_path):
    text = sample_path().read_text("utf-8")
    shown = re.compile(rf"^# (?!(?:{'|'.join(EXAMPLES)}) )(\w+ = .*)$", re.MULTILINE)
    assert len(shown.findall(text)) >= 20
    (tmp_path / "plain.toml").write_text(text, "utf-8")
    (tmp_path / "shown.toml").write_text(shown.sub(r"\1", text), "utf-8")
    plain = load(GatewaySettings, tmp_path / "plain.toml")
    assert load(GatewaySettings, tmp_path / "shown.toml") == plain


def test_certified_energy_in_watt_hours_is_a_fault_of_the_settings(tmp_path):
    text = sample_path().read_text("utf-8")
    certified = text.replace("# certified_energy_kwh = 52.0", "certified_energy_kwh = 52000.0")
    (tmp_path / "g.toml").write_text(certified, "utf-8")
    with pytest.raises(SettingsError) as caught:
        load(GatewaySettings, tmp_path / "g.toml")
    assert "is it in Wh" in " ".join(caught.value.faults)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("gateway", "with space"),
        ("site", ""),
        ("unknown", 1),
        ("broker", {"host": "h", "port": 0}),
        ("broker", {"host": "h", "protocol": "4"}),
        ("bridge", {"public_key": "no key"}),
        ("local_api", {"host": "0.0.0.0"}),
        ("bus", [{"name": "can0", "interface": "no_such_adapter", "channel": "0"}]),
        ("slot", [{"name": "1", "bus": "nowhere", "profiles": ["p"]}]),
        ("slot", [{"name": "1", "bus": "can0", "profiles": []}]),
        ("pack_model", [{"prefix": "X", "chemistry": "LFP", "rated_ah": -1}]),
    ],
)
def test_what_cannot_be_is_refused_by_its_key(tmp_path, key, value):
    import tomllib

    content = tomllib.loads(write_settings(tmp_path).read_text())
    with pytest.raises(SettingsError) as caught:
        parse(GatewaySettings, content | {key: value}, tmp_path / "f.toml")
    assert key in str(caught.value)


def test_names_that_stand_twice_are_all_told(tmp_path):
    import tomllib

    content = tomllib.loads(write_settings(tmp_path).read_text())
    twice = {"bus": content["bus"] * 2, "slot": content["slot"] * 2}
    with pytest.raises(SettingsError) as caught:
        parse(GatewaySettings, content | twice, tmp_path / "f.toml")
    assert "bus 'can0' is named twice" in str(caught.value)
    assert "slot '1' is named twice" in str(caught.value)


def test_the_password_comes_from_the_environment_only(tmp_path, monkeypatch):
    path = write_settings(tmp_path)
    path.write_text(path.read_text().replace("[bridge]", 'password_env = "PT_PASS"\n[bridge]'))
    broker = load(GatewaySettings, path).broker
    with pytest.raises(PacktrailError, match="not set"):
        broker.broker("g")
    monkeypatch.setenv("PT_PASS", "secret")
    assert broker.broker("g").password == "secret"
    assert "secret" not in repr(broker.broker("g"))


def test_the_longest_prefix_names_the_pack_model(tmp_path):
    model = '[[pack_model]]\nprefix = "{}"\nchemistry = "{}"\nrated_ah = 1.0\ncells_in_series = 1\n'
    more = model.format("ABC", "NMC") + model.format("ABCPB", "LFP")
    settings = load(GatewaySettings, write_settings(tmp_path, more=more))
    assert settings.find_spec(UnitRef("gbt34014", "ABCPB1")).chemistry == "LFP"
    assert settings.find_spec(UnitRef("gbt34014", "ABCPE1")).chemistry == "NMC"
    assert settings.find_spec(UnitRef("gbt34014", "XYZ")) is None
