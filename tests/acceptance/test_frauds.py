"""Simulated life histories through the real intake and store, beside the truth file."""

from datetime import date

import pytest

from benchmarks.cloud_bridge.bench_frauds import played
from benchmarks.cloud_bridge.conclusions import compare
from benchmarks.cloud_bridge.planted_frauds import score
from packtrail.command import run_line
from simulators.histories.history import Order

SMALL = ["simulate", "life", "--packs", "40", "--frauds", "1"]
BEGIN = date(2026, 4, 6)
FOUND = {
    "clock_off ten_minutes_fast",
    "cloned_code after_recycling",
    "cloned_code alive",
    "kept_back late",
    "kept_back never",
    "meter_reset claim",
    "meter_reset counter",
    "missing_pack not_found",
    "replayed samples",
    "replayed usage",
    "spent_twice claimed_twice",
    "spent_twice product_and_recycled",
    "spent_twice sold_twice",
    "two_vehicles fitted_twice",
    "two_vehicles registered_twice",
}


def otherwise(history, concluded):
    """Conclusions of the bridge that are not those of the truth file."""
    counts = compare(history.truth.told(), concluded)
    assert sum(counts.values()) > 300
    return {key: number for key, number in counts.items() if key[2] != "found"}


def test_every_planted_fraud_is_found_and_the_rest_is_left_alone():
    history, concluded = played(Order(50, 3, 1, BEGIN))
    counts, false = score(history, concluded)
    assert concluded.refused == []
    assert concluded.taken > 1500
    assert concluded.known > 0
    planted = {name.partition("|")[0] for name in counts}
    assert planted == FOUND | {"skimmed two_percent"}
    assert [name for name in sorted(FOUND) if counts[f"{name}|found"] != 1] == []
    named = FOUND - {"missing_pack not_found"}
    assert [name for name in sorted(named) if counts[f"{name}|blamed"] != 1] == []
    assert false == []
    assert otherwise(history, concluded) == {}


def test_honest_parties_raise_no_alarm_and_every_fate_is_known():
    history, concluded = played(Order(40, 5, 0, BEGIN, skim=0.0, skewed=False))
    assert history.truth.planted == []
    assert dict(concluded.said) == {}
    assert otherwise(history, concluded) == {}


def test_equal_seeds_write_equal_bytes(tmp_path, capsys):
    for name, seed in (("one", "4"), ("two", "4"), ("other", "5")):
        assert run_line([*SMALL, "--seed", seed, "--out", str(tmp_path / name)]) == 0
    capsys.readouterr()
    names = sorted(file.name for file in (tmp_path / "one").iterdir())
    assert names == ["arrivals.txt", "enrol.txt", "events.jsonl", "parties.json", "truth.json"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    other = (tmp_path / "other" / "events.jsonl").read_bytes()
    assert other != (tmp_path / "one" / "events.jsonl").read_bytes()


def test_a_folder_that_cannot_be_made_is_told(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert run_line([*SMALL, "--out", str(tmp_path / "file" / "below")]) == 2
    assert "below" in capsys.readouterr().err


def test_more_frauds_than_packs_are_refused(tmp_path, capsys):
    line = ["simulate", "life", "--packs", "40", "--frauds", "2", "--out", str(tmp_path / "x")]
    assert run_line(line) == 2
    assert "at least 44" in capsys.readouterr().err


@pytest.mark.parametrize("packs", ["0", "39"])
def test_too_small_a_fleet_is_refused(packs, tmp_path):
    assert run_line(["simulate", "life", "--packs", packs, "--out", str(tmp_path)]) == 2
