"""Power cuts, clock steps and kills, shorter than `python -m benchmarks durability`."""

from __future__ import annotations

from random import Random

from tests.acceptance import power


def test_a_power_cut_loses_nothing_that_was_committed(tmp_path, monkeypatch):
    monkeypatch.setattr(power, "CUTS", 12)
    assert power.power_cuts(tmp_path / "p", Random(5)) == (12, 0, 0)


def test_a_full_disk_costs_telemetry_and_no_fact(tmp_path):
    facts, lost, doubled, given_up = power.full_disk(tmp_path / "f", Random(5))
    assert (facts, lost, doubled) == (200, 0, 0)
    assert given_up > 0


def test_a_clock_that_steps_by_a_day_neither_loses_nor_doubles_nor_reorders(tmp_path):
    assert power.clock_steps(tmp_path / "c") == (20, 0, 0)


def test_a_killed_gateway_loses_less_than_a_second_of_samples(tmp_path, monkeypatch):
    monkeypatch.setattr(power, "KILLS", 2)
    killed, worst = power.samples_lost_at_kills(tmp_path / "s", Random(5))
    assert killed == 2
    assert worst <= 1.0
