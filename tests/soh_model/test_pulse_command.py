"""`packtrail soh pulses`: tables and a tester's reports, told the charge since empty or not."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from packtrail.command import run_line
from packtrail.event import InspectionRecorded, PulseTest, encode_event
from soh_model.pulse_file import VOLTAGES
from tests.cloud_bridge import parts
from tests.soh_model.test_pulse_model import CHARGED, alike

RATED = 10.0


def write(path, rows, **columns):
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow([*VOLTAGES, *columns])
        for k, row in enumerate(rows):
            table.writerow([*map(repr, row.tolist()), *(column[k] for column in columns.values())])
    return path


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Units that only the charge tells apart: a reference, and others to ask for."""
    folder = tmp_path_factory.mktemp("pulses")
    rows, soh = alike()
    at = np.arange(len(rows))
    train, asked = (at < 160) & (at % 2 == 0), (at >= 160) & (at % 4 == 0)
    names = [f"U{k // 10}" for k in range(len(rows))]
    write(
        folder / "reference.csv",
        rows[train],
        soh_pct=[100 * one for one in soh[train]],
        unit=[names[k] for k in np.flatnonzero(train)],
        charged_ah=[RATED * one for one in CHARGED[train]],
        rated_ah=[RATED] * int(train.sum()),
    )
    ask, truth, charged = rows[asked], soh[asked], CHARGED[asked]
    named = [names[k] for k in np.flatnonzero(asked)]
    write(folder / "told.csv", ask, unit=named, charged=charged)
    write(folder / "blind.csv", ask, unit=named)
    return folder, ask, truth, charged


def run(shop, tests, *more, reference="reference.csv"):
    folder = shop[0]
    line = ["soh", "pulses", str(folder / tests), "--reference", str(folder / reference)]
    return run_line([*line, "--chemistry", "LMO", *more])


def answers(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def error(told, truth):
    found = np.array([one["estimate"]["soh"]["value"] for one in told])
    return float(np.mean(np.abs(found - truth)))


def test_the_charge_since_empty_tells_what_the_pulses_do_not(shop, capsys):
    _, _, truth, charged = shop
    assert run(shop, "told.csv", "--json") == 0
    told = answers(capsys)
    assert run(shop, "blind.csv", "--json") == 0
    blind = answers(capsys)
    assert error(told, truth) < 0.8 * error(blind, truth)
    assert [one["charged"] for one in told] == pytest.approx(charged.tolist())
    assert {one["charged"] for one in blind} == {None}
    assert "charge since empty told" in told[0]["estimate"]["reference"]
    assert told[0]["unit"] == "U16"


def test_a_testers_signed_reports_are_read_as_they_are_and_each_as_well_as_it_can_be(shop, capsys):
    folder, ask, _, charged = shop
    lines = []
    for k in range(4):
        counted = RATED * float(charged[k]) if k % 2 else None
        pulses = PulseTest(tuple(ask[k].tolist()), counted, RATED, 25.0)
        body = InspectionRecorded("pulses", pulses=pulses)
        lines.append(encode_event(parts.signed(body, counter=k + 1)))
    lines.append(encode_event(parts.signed(InspectionRecorded("visual"), counter=9)))
    (folder / "reports.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    run(shop, "reports.jsonl", "--json")
    told = answers(capsys)
    assert [one["unit"] for one in told] == [str(parts.PACK)] * 4
    assert [one["charged"] is None for one in told] == [True, False, True, False]
    both = ["charge since empty told" in one["estimate"]["reference"] for one in told]
    assert both == [False, True, False, True]


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en_GB.UTF-8", ("charged ", "since empty")),
        ("zh_CN.UTF-8", ("自放空以来充入",)),
    ],
)
def test_a_person_reads_a_line_for_each_unit(shop, capsys, monkeypatch, lang, words):
    monkeypatch.setenv("LC_ALL", lang)
    run(shop, "told.csv")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(shop[1])
    assert all(word in lines[0] for word in words)


def test_a_table_has_a_row_for_each_unit(shop, capsys):
    run(shop, "told.csv", "--csv")
    table = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert float(table[0]["low"]) < float(table[0]["soh"]) < float(table[0]["high"])


def test_what_cannot_be_used_is_said_with_its_remedy(shop, capsys):
    folder, ask, _, charged = shop
    rows, soh = alike()
    names = [f"U{k // 10}" for k in range(160)]
    write(folder / "uncounted.csv", rows[:160], soh=soh[:160], unit=names)
    assert run(shop, "told.csv", reference="uncounted.csv") == 2
    assert "add `charged` to the reference" in capsys.readouterr().err
    assert run(shop, "told.csv", reference="blind.csv") == 2
    assert "soh_pct" in capsys.readouterr().err
    write(folder / "half.csv", ask, charged_ah=charged)
    assert run(shop, "half.csv") == 2
    assert "rated_ah" in capsys.readouterr().err
    (folder / "short.csv").write_text("u1,u2\n3.5\n", "utf-8")
    assert run(shop, "short.csv") == 2
    assert "line 2" in capsys.readouterr().err
    (folder / "other.txt").write_text("", "utf-8")
    assert run(shop, "other.txt") == 2
    assert ".jsonl" in capsys.readouterr().err
    (folder / "none.jsonl").write_bytes(encode_event(parts.signed(InspectionRecorded("visual"))))
    assert run(shop, "none.jsonl") == 2
    assert "no report has pulses" in capsys.readouterr().err


def test_a_resting_voltage_never_seen_is_not_guessed_at(shop, capsys):
    folder, ask, _, charged = shop
    write(folder / "strange.csv", ask[:2] + 0.9, charged=charged[:2])
    assert run(shop, "strange.csv", "--json") == 1
    assert answers(capsys)[0]["estimate"]["soh"] is None
