"""Settings, language, samples and the one command: what every role stands on."""

import subprocess
import sys

import numpy as np
import pytest

import packtrail
from packtrail import command
from packtrail.errors import PacktrailError, SettingsError
from packtrail.estimate import Advice, Reason
from packtrail.language import Text, accepted_language, locale_language
from packtrail.quantities import QUANTITIES
from packtrail.sample import Sample, SampleBatch
from packtrail.settings import Settings, SettingsPath, load, secret


class Broker(Settings):
    host: str
    port: int


class Role(Settings):
    name: str
    folder: SettingsPath
    broker: Broker


def test_settings_report_every_fault_with_its_key(tmp_path):
    file = tmp_path / "role.toml"
    file.write_text('folder = "data"\ncolour = "red"\n[broker]\nport = "many"\n')
    with pytest.raises(SettingsError) as refusal:
        load(Role, file)
    told = str(refusal.value)
    assert all(key in told for key in ("name:", "colour:", "broker.host:", "broker.port:"))
    assert len(refusal.value.faults) == 4
    assert "\n" not in told


def test_settings_know_where_they_stand(tmp_path):
    file = tmp_path / "role.toml"
    file.write_text('name = "x"\nfolder = "data"\n[broker]\nhost = "h"\nport = 1883\n')
    role = load(Role, file)
    assert role.folder == tmp_path / "data"
    with pytest.raises(ValueError, match="frozen"):
        role.name = "y"


@pytest.mark.parametrize("content", [b"name = ", b"\xff\xfe"])
def test_settings_that_are_no_toml_are_one_fault(tmp_path, content):
    file = tmp_path / "role.toml"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match="not TOML"):
        load(Role, file)


def test_settings_that_are_not_there(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        load(Role, tmp_path / "none.toml")


def test_a_secret_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("SECRET", "s")
    assert secret("SECRET") == "s"
    with pytest.raises(PacktrailError, match="not set"):
        secret("ABSENT")


@pytest.mark.parametrize(
    ("locale", "language"), [("zh_CN.UTF-8", "zh"), ("de_DE", "en"), ("C", "en"), ("", "en")]
)
def test_the_locale_chooses_the_language(monkeypatch, locale, language):
    monkeypatch.setenv("LANG", locale)
    assert locale_language() == language
    assert Text("one", "一").say() == {"en": "one", "zh": "一"}[language]


@pytest.mark.parametrize(
    ("header", "language"),
    [("zh-CN,zh;q=0.9", "zh"), ("de,en;q=0.5", "en"), ("", "en"), ("fr", "en")],
)
def test_the_browser_chooses_the_language(header, language):
    assert accepted_language(header) == language


@pytest.mark.parametrize("word", [*Reason, *Advice])
def test_every_reason_is_said_in_both_languages(word):
    assert word.text.en
    assert word.text.zh
    assert word.text.en != word.text.zh


def test_quantities_carry_their_unit_in_the_name():
    suffixes = {"V": "_v", "A": "_a", "degC": "_c", "%": "_pct", "Ah": "_ah", "kWh": "_kwh"}
    for quantity in QUANTITIES.values():
        assert quantity.name.endswith(suffixes.get(quantity.unit, "")), quantity
        assert quantity.low < quantity.high


def test_vss_paths_are_those_of_the_traction_battery():
    path = QUANTITIES["pack_current_a"].vss_path
    assert path == "Vehicle.Powertrain.TractionBattery.CurrentCurrent"


def test_samples_of_different_fields_share_columns():
    batch = SampleBatch.from_samples(
        [
            Sample(1, {"soc_pct": 20.0, "cell_voltage_v": np.array([3.3, 3.4])}),
            Sample(2, {"pack_current_a": 5.0}, {"pack_current_a": 0.5}),
        ]
    )
    np.testing.assert_array_equal(batch.values["soc_pct"], [20.0, np.nan])
    assert batch.values["cell_voltage_v"].shape == (2, 2)
    assert batch.age_s["pack_current_a"].tolist() == [0.0, 0.5]
    joined = SampleBatch.joined([batch.window(0, 1), batch.window(1, 2)])
    np.testing.assert_array_equal(joined.values["cell_voltage_v"], batch.values["cell_voltage_v"])


@pytest.mark.parametrize(
    ("times", "values"),
    [
        ([2, 1], {"soc_pct": [1.0, 2.0]}),
        ([1, 2], {"soc": [1.0, 2.0]}),
        ([1, 2], {"soc_pct": [1.0]}),
    ],
)
def test_samples_that_cannot_be_are_refused(times, values):
    with pytest.raises(PacktrailError):
        SampleBatch(np.array(times), {name: np.array(v) for name, v in values.items()})


def test_what_is_visible_is_what_is_exported():
    for name in packtrail.__all__:
        assert getattr(packtrail, name) is not None
    assert dir(packtrail) == sorted(packtrail.__all__)
    with pytest.raises(AttributeError):
        packtrail.nothing  # noqa: B018 - looking it up is the test


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["nonsense"], "no such command"),
        (["gateway", "nonsense"], "no such command"),
        (["code", "read"], "required"),
        (["key", "show", "/nowhere/key.pem"], "no key file"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(line, told, capsys):
    assert command.run_line(line) == 2
    shown = capsys.readouterr().err
    assert told in shown
    assert shown.count("\n") == 1


def test_help_is_in_the_language_of_the_locale(monkeypatch, capsys):
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert command.run_line(["--help"]) == 0
    assert "追踪" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        command.run_line(["key", "new", "--help"])
    assert "用法" in capsys.readouterr().out


def test_help_loads_no_room():
    program = (
        "import sys, packtrail.command as c; c.run_line(['--help']);"
        "heavy = {'numpy', 'fastapi', 'can', 'scipy', 'pydantic', 'gateway', 'cloud_bridge'};"
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_code_can_be_made_and_read(capsys):
    assert command.run_line(["code", "make", "--serial", "7"]) == 0
    code = capsys.readouterr().out.strip()
    assert command.run_line(["code", "read", code]) == 0
    assert "2026-04-01" in capsys.readouterr().out
    assert command.run_line(["code", "read", "nothing"]) == 2


def test_a_key_can_be_made_once(tmp_path, capsys):
    file = str(tmp_path / "key.pem")
    assert command.run_line(["key", "new", file]) == 0
    assert "public_key" in capsys.readouterr().out
    assert command.run_line(["key", "new", file]) == 2
    assert "left as it is" in capsys.readouterr().err


@pytest.mark.parametrize("target", [t for g in command.GROUPS.values() for t in g.verbs.values()])
def test_every_verb_of_the_table_exists_and_explains_itself(target, capsys):
    verb = command.find(target)
    assert verb.help.en != verb.help.zh
    parser = command.Parser(prog="packtrail x", description=verb.help.say())
    verb.arguments(parser)
    assert "packtrail x" in parser.format_help()
