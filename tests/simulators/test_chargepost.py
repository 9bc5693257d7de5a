import argparse
from datetime import date

import pytest

import can_decoder
from can_decoder.gbt27930 import ChargeMonitor, Phase
from packtrail.command import run_line
from simulators.chargepost.commands import make_post
from simulators.chargepost.faults import BST_REASONS, CST_REASONS, SILENCES, Faults
from simulators.errors import SimulationError
from simulators.models import ALL_MODELS


def charged(*faults, soc=94.0, until=96.0, after=6.0, model="SXA-96N150"):
    """The sessions that a listener hears, and the post."""
    line = argparse.Namespace(
        model=model, seed=7, loss=6.0, fault=list(faults), after=after, soc=soc, until=until
    )
    post = make_post(line, 1_775_000_000_000_000_000)
    monitor = ChargeMonitor()
    frames = list(post.run())
    assert [t for t, _ in frames] == sorted(t for t, _ in frames)
    heard = [monitor.feed(t, f.frame_id, f.extended, f.data) for t, f in frames]
    last = monitor.close()
    return [s for s in [*heard, last] if s], post, monitor


@pytest.mark.parametrize("model", ALL_MODELS, ids=lambda m: m.name)
def test_a_whole_dialogue_says_who_was_charged_and_how_much(model):
    (session,), post, monitor = charged(model=model.name, soc=80.0, until=86.0)
    assert session.vin == "LPTSWAP2600000001"
    assert session.maker == model.maker
    assert session.production == date(2025, 3, 9)
    assert session.rated_capacity_ah == model.rated_ah
    assert session.battery_type == {"nmc": 6, "lfp": 3}[model.chemistry.name]
    assert [phase for _, phase in session.phases] == [
        Phase.HANDSHAKE, Phase.CONFIGURATION, Phase.CHARGING, Phase.END,
    ]  # fmt: skip
    assert len(session.cell_voltage_v) == model.cells
    assert len(session.temperature_c) == model.probes
    assert session.end_reasons[0] in ("BST.soc_reached", "BST.cell_voltage_reached")
    assert session.end_reasons[1] == "CST.bms_stopped"
    assert not session.errors
    true_ah = sum(post.record.current_a) / 3600.0
    assert session.charged_ah == pytest.approx(true_ah, rel=0.03)
    assert session.energy_kwh == pytest.approx(post.charger.energy_kwh, abs=0.05)
    assert set(session.messages) == {
        "CHM", "BHM", "CRM", "BRM", "BCP", "CTS", "CML", "BRO", "CRO", "BCL", "BCS", "CCS",
        "BSM", "BMV", "BMT", "BSP", "BST", "CST", "BSD", "CSD",
    }  # fmt: skip
    counts = monitor.intake.transport.counts
    assert (counts.gaps, counts.timed_out, counts.aborted, counts.orphans) == (0, 0, 0, 0)
    assert monitor.intake.counts.keys() == {"read"}


@pytest.mark.parametrize("fault", SILENCES)
def test_every_time_that_runs_out_is_named_and_tried_again_three_times(fault):
    sessions, post, _ = charged(fault)
    side, _, name = fault.partition(".")
    told = {error for session in sessions for error in session.errors}
    assert told == {f"{side.upper()}.{name}"}
    assert sum(bool(session.errors) for session in sessions) == (
        1 if fault == "bem.crm_00_timeout" else 4
    )
    assert max(post.vehicle.attempts, post.charger.attempts) == 4
    assert post.record.current_a[-1] == 0.0


@pytest.mark.parametrize("reason", BST_REASONS)
def test_every_reason_of_the_bms_ends_the_session(reason):
    (session,), _, _ = charged(f"bst.{reason}")
    assert session.end_reasons == (f"BST.{reason}", "CST.bms_stopped")
    assert not session.errors


@pytest.mark.parametrize("reason", CST_REASONS)
def test_every_reason_of_the_charger_ends_the_session(reason):
    (session,), _, _ = charged(f"cst.{reason}")
    assert session.end_reasons == (f"CST.{reason}", "BST.charger_stopped")
    assert not session.errors


def test_quirks_of_real_posts_are_heard_through():
    (old,), _, _ = charged("quirk.edition_2011")
    assert (old.edition, old.vin) == (2011, "LPTSWAP2600000001")
    (bare,), post, _ = charged("quirk.no_offset")
    assert bare.current_offset_missing
    assert bare.charged_ah == pytest.approx(sum(post.record.current_a) / 3600.0, rel=0.03)
    (spent,), _, _ = charged("quirk.year_99")
    assert spent.production is None
    (unset,), _, _ = charged("quirk.zero_current")
    assert len(unset.current_a) == 0
    assert len(unset.soc_pct) > 10
    (foreign,), _, monitor = charged("quirk.foreign_frames", "quirk.padded", "quirk.blank_clock")
    assert foreign.soc_end_pct == 96
    assert monitor.intake.counts["foreign"] > 10
    (broken,), _, monitor = charged("quirk.aborted_transfer", "quirk.repeated_rts")
    assert monitor.intake.transport.counts.aborted == 1
    assert monitor.intake.transport.counts.replaced > 10
    assert broken.vin


def test_a_fault_that_is_not_known_is_refused_with_the_known_ones():
    with pytest.raises(SimulationError, match="no such fault") as caught:
        Faults.named(["bem.nothing"])
    assert "bem.cro_timeout" in str(caught.value.hint)


def test_the_command_writes_a_log_that_the_decoder_reads(tmp_path, capsys):
    log, plot = tmp_path / "charge.blf", tmp_path / "charge.svg"
    line = ["simulate", "charge", "--soc", "95", "--until", "96", "--log", str(log)]
    assert run_line([*line, "--plot", str(plot)]) == 0
    assert "soc_reached" in capsys.readouterr().out
    (session,) = can_decoder.gbt27930.sessions(can_decoder.read_log(str(log)))
    assert session.soc_end_pct == 96
    assert plot.read_text().startswith("<svg")
    assert run_line(["simulate", "charge"]) == 2
    assert "--log" in capsys.readouterr().err
    assert run_line(["simulate", "charge", "--fault", "list"]) == 0
    assert "cem.bsd_timeout" in capsys.readouterr().out
