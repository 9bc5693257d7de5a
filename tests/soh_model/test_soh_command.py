"""`packtrail soh estimate` on files of samples."""

import json
from importlib import import_module
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from packtrail.command import run_line
from packtrail.errors import SettingsError
from soh_model import HalfCell, HalfCellPair, PackSpec, estimate
from soh_model.commands import fit_of
from soh_model.explanation import explain_svg
from soh_model.sample_file import read_samples
from tests.soh_model.invented import fresh, half_cells, session

SPEC = """
chemistry = "NMC"
rated_ah = 100.0
cells_in_series = 12

[ocv]
soc = {soc}
voltage_v = {volts}
"""


@pytest.fixture
def files(tmp_path):
    """A CSV of a good session and the specification that fits it."""
    batch = session(fresh(), np.random.default_rng(1), step_s=30.0)
    cells = batch.values["cell_voltage_v"]
    names = ["t_s", "pack_current_a", *(f"cell_voltage_v_{k + 1}" for k in range(12)), "remark"]
    table = np.column_stack([batch.t_s, batch.values["pack_current_a"], cells])
    rows = [",".join([*(f"{x:.6g}" for x in row), "fine"]) for row in table]
    (tmp_path / "s.csv").write_text("\n".join([",".join(names), *rows]), encoding="utf-8")
    grid = np.linspace(0, 1, 51)
    curve = SPEC.format(soc=grid.tolist(), volts=fresh().ocv(grid).tolist())
    (tmp_path / "spec.toml").write_text(curve, encoding="utf-8")
    return tmp_path


def run(folder, *more):
    return run_line(
        ["soh", "estimate", str(folder / "s.csv"), "--spec", str(folder / "spec.toml"), *more]
    )


def test_json_carries_the_whole_estimate(files, capsys):
    assert run(files, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["verdict"] == "told"
    assert answer["soh"]["low"] < 1.0 < answer["soh"]["high"]


def test_the_text_is_in_the_language_of_the_locale(files, capsys, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "zh")
    assert run(files) == 0
    assert "平均单体 SoH" in capsys.readouterr().out


def test_cannot_tell_is_exit_code_1_with_advice(files, capsys):
    short = (files / "s.csv").read_text(encoding="utf-8").splitlines()[:60]
    (files / "s.csv").write_text("\n".join(short), encoding="utf-8")
    assert run(files) == 1
    assert "cannot tell" in capsys.readouterr().out


def test_a_missing_file_is_one_line_and_exit_code_2(files, capsys):
    (files / "s.csv").unlink()
    assert run(files) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_wrong_specification_names_its_faults_all_at_once(tmp_path):
    path = tmp_path / "spec.toml"
    path.write_text('chemistry = "NMC"\nrated_ah = -1\ncells_in_series = 0\n', encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        PackSpec.load(path)
    assert len(caught.value.faults) == 2


def test_parquet_gives_the_same_samples_as_csv(files):
    pyarrow = import_module("pyarrow")
    parquet = import_module("pyarrow.parquet")
    batch = read_samples(files / "s.csv")
    columns = {
        "t_ns": batch.t_ns,
        "pack_current_a": batch.values["pack_current_a"],
        "cell_voltage_v": batch.values["cell_voltage_v"].tolist(),
    }
    parquet.write_table(pyarrow.table(columns), files / "s.parquet")
    again = read_samples(files / "s.parquet")
    assert np.array_equal(again.t_ns, batch.t_ns)
    assert np.array_equal(again.values["cell_voltage_v"], batch.values["cell_voltage_v"])


def test_explain_draws_the_fit_and_names_the_modes(files, capsys):
    negative, positive, x, y = half_cells(fresh())
    spec = PackSpec(
        chemistry="NMC",
        rated_ah=100.0,
        cells_in_series=12,
        half_cells=HalfCellPair(HalfCell(*negative), HalfCell(*positive), x, y),
    )
    answer = estimate(read_samples(files / "s.csv"), spec)
    page = explain_svg(fit_of(read_samples(files / "s.csv"), spec), answer, "zh")
    root = ET.fromstring(page)
    words = " ".join(element.text or "" for element in root.iter())
    assert len(list(root.iter("{http://www.w3.org/2000/svg}polyline"))) == 3
    assert "锂损失" in words
    assert answer.inputs_digest[:16] in words


def test_explain_without_half_cells_says_what_is_missing(files, capsys):
    line = ["soh", "explain", str(files / "s.csv"), "--spec", str(files / "spec.toml")]
    assert run_line([*line, "--output", str(files / "x.svg")]) == 2
    assert "half_cells" in capsys.readouterr().err
