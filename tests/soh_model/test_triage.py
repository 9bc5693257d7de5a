"""Reuse, recycle or test again: gates, probabilities, value and the command."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import soh_model
from packtrail.command import run_line
from packtrail.errors import SettingsError
from packtrail.estimate import Advice, Estimate, Interval, Verdict
from soh_model.errors import ModelError
from soh_model.gates import Alarm, PackFacts, deciding_test
from soh_model.policy import Grade, Policy, load_toml
from soh_model.residual_value import CATHODES, Prices, metal_content, residual_value
from soh_model.triage import triage
from soh_model.triage_text import describe_decision

POLICY = load_toml(Policy, Path(soh_model.__file__).parent / "sample_policy.toml")
PRICES = Prices(
    date="2026-01-05",
    source="invented for this test",
    currency="CNY",
    metal_per_kg={"Li": 400.0, "Ni": 110.0, "Co": 180.0, "Mn": 10.0, "Cu": 70.0},
    recovery={"Li": 0.8, "Ni": 0.95, "Co": 0.95, "Mn": 0.5, "Cu": 0.95},
    payable={"Li": 0.7, "Ni": 0.75, "Co": 0.75, "Mn": 0.3, "Cu": 0.9},
    other_kg_per_kwh={"Cu": 0.33},
    new_per_kwh=600.0,
    reuse_factor={"vehicle": 0.6, "stationary": 0.4, "light": 0.15},
    reuse_cost_per_kwh=60.0,
    recycle_cost_per_kwh=40.0,
)


def facts(soh=0.9, half=0.02, **more):
    estimate = Estimate(
        verdict=Verdict.TOLD,
        soh=Interval(soh, soh - half, soh + half),
        rated_ah=100.0,
        method="test/1",
        inputs_digest="d",
    )
    given_facts = {"code": "P1", "chemistry": "NMC622", "nominal_kwh": 60.0, "estimate": estimate}
    return PackFacts(**{**given_facts, **more})


def test_a_sound_pack_goes_back_into_a_vehicle():
    decision = triage(facts(0.92), POLICY, PRICES)
    assert decision.decided == "vehicle"
    assert decision.probabilities["vehicle"] > 0.99
    assert decision.inputs_digest == "d"


def test_an_interval_across_a_threshold_is_not_decided_and_a_test_is_worth_something():
    decision = triage(facts(0.80, 0.05), POLICY, PRICES)
    assert decision.decided is None
    assert decision.advice is Advice.BENCH_TEST
    assert decision.test_worth > 0
    assert triage(facts(0.95, 0.01), POLICY, PRICES).test_worth == pytest.approx(0, abs=1)


def test_bans_of_the_grade_are_named():
    assert "e-bike" in triage(facts(0.70), POLICY, PRICES).bans


@pytest.mark.parametrize("event", POLICY.stopping_events)
def test_an_event_in_the_history_stops_every_use(event):
    decision = triage(facts(0.99, events=(event,)), POLICY, PRICES)
    assert decision.decided == "recycle"
    assert decision.gates == (event,)
    assert decision.value is None


def test_low_insulation_stops_every_use():
    pack = facts(insulation_ohm=30_000.0, pack_voltage_v=400.0)
    assert triage(pack, POLICY, PRICES).gates == ("insulation",)
    assert triage(facts(insulation_ohm=41_000.0, pack_voltage_v=400.0), POLICY, PRICES).gates == ()


def test_an_estimate_that_cannot_tell_is_sent_to_the_bench():
    silent = Estimate(verdict=Verdict.CANNOT_TELL, rated_ah=100.0, method="test/1")
    decision = triage(facts(estimate=silent), POLICY, PRICES)
    assert decision.decided is None
    assert decision.advice is Advice.BENCH_TEST


def test_high_resistance_costs_the_grade():
    estimate = msgspec.structs.replace(
        facts(0.92).estimate, resistance_growth=Interval(1.8, 1.7, 1.9)
    )
    assert triage(facts(estimate=estimate), POLICY, PRICES).decided == "stationary"


@given(st.floats(0.05, 1.1), st.floats(0.001, 0.3))
def test_probabilities_add_to_one(soh, half):
    chances = triage(facts(soh, half), POLICY, PRICES).probabilities
    assert sum(chances.values()) == pytest.approx(1, abs=1e-3)


def test_metal_does_not_fade_but_usable_energy_does():
    good, poor = (
        residual_value(Interval(s, s - 0.01, s + 0.01), "NMC622", 60.0, "vehicle", PRICES)
        for s in (0.9, 0.5)
    )
    assert good.recycle == poor.recycle
    assert good.reuse.value > poor.reuse.value
    assert good.best.value >= max(good.reuse.value, good.recycle.value) - 1e-9


def test_a_wider_soh_widens_the_value():
    narrow, wide = (
        residual_value(Interval(0.9, 0.9 - h, 0.9 + h), "LFP", 60.0, "stationary", PRICES)
        for h in (0.01, 0.15)
    )
    assert wide.reuse.width > narrow.reuse.width


@pytest.mark.parametrize(
    ("cathode", "metal", "kg_per_kwh"),
    [("NMC811", "Ni", 0.673), ("NMC111", "Co", 0.355), ("LFP", "Li", 0.090), ("LMO", "Mn", 1.484)],
)
def test_metal_contents_are_those_of_the_stoichiometry(cathode, metal, kg_per_kwh):
    assert metal_content(cathode, 1.0, PRICES)[metal] == pytest.approx(kg_per_kwh, abs=0.001)
    assert cathode in CATHODES


def test_an_unknown_chemistry_has_no_invented_metal():
    with pytest.raises(ModelError):
        metal_content("unobtainium", 1.0, PRICES)


def test_grades_out_of_order_are_refused():
    grades = tuple(Grade(name=str(s), label=("a", "b"), lowest_soh=s) for s in (0.4, 0.8))
    with pytest.raises(SettingsError):
        Policy(name="p", version="1", effective="2026-01-01", reference="r", grades=grades)


@pytest.fixture
def shop(tmp_path):
    """Two packs, a policy and prices as files."""
    for name, soh in (("good", 0.92), ("unsure", 0.80)):
        path = tmp_path / f"{name}.json"
        path.write_bytes(msgspec.json.encode(facts(soh, 0.04, code=name)))
    prices = _toml(msgspec.to_builtins(PRICES))
    (tmp_path / "prices.toml").write_text(prices, encoding="utf-8")
    return tmp_path


def _toml(content):
    flat = [f"{k} = {json.dumps(v)}" for k, v in content.items() if not isinstance(v, dict)]
    tables = [
        "\n".join([f"[{k}]", *(f"{n} = {x}" for n, x in v.items())])
        for k, v in content.items()
        if isinstance(v, dict)
    ]
    return "\n".join([*flat, *tables])


def run(shop, *packs_and_more):
    policy = Path(soh_model.__file__).parent / "sample_policy.toml"
    files = [str(shop / p) if p.endswith(".json") else p for p in packs_and_more]
    return run_line(
        ["triage", *files, "--policy", str(policy), "--prices", str(shop / "prices.toml")]
    )


def test_command_decides_what_it_can_and_exits_1_for_the_rest(shop, capsys):
    assert run(shop, "good.json") == 0
    assert run(shop, "good.json", "unsure.json") == 1
    assert "test first" in capsys.readouterr().out


def test_command_gives_a_table_and_json(shop, capsys):
    assert run(shop, "good.json", "--csv") == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("good,vehicle")
    assert run(shop, "good.json", "--json") == 0
    assert json.loads(capsys.readouterr().out)["decided"] == "vehicle"


def test_a_file_that_holds_no_pack_is_one_line_and_exit_code_2(shop, capsys):
    (shop / "x.json").write_text("{}", encoding="utf-8")
    assert run(shop, "x.json") == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def measured(value, half):
    return Interval(value, value - half, value + half)


@pytest.mark.parametrize("severity", ["danger", "quarantine"])
def test_alarms_and_precursors_come_first_until_they_are_cleared(severity):
    alarm = Alarm("thermal_runaway_precursor", severity)
    pack = facts(0.95, alarms=(alarm,), events=("crash",))
    assert triage(pack, POLICY, PRICES).gates == ("thermal_runaway_precursor", "crash")
    cleared = facts(0.95, alarms=(Alarm(alarm.kind, severity, cleared=True),), origin_known=True)
    assert triage(cleared, POLICY, PRICES).decided == "vehicle"


def test_a_watch_alarm_stops_nothing():
    assert triage(facts(alarms=(Alarm("voltage_spread", "watch"),)), POLICY, PRICES).gates == ()


@pytest.mark.parametrize(
    ("fact", "gate", "limit"),
    [
        ("self_discharge_pct_day", "self_discharge", 0.5),
        ("cell_resistance_ratio", "cell_resistance", 1.5),
    ],
)
def test_a_cell_that_stands_out_stops_use_and_one_near_the_limit_asks_for_a_test(fact, gate, limit):
    pack = facts(0.95, **{fact: measured(1.4 * limit, 0.1 * limit)})
    settled = msgspec.structs.replace(POLICY, provisional={})
    beyond = triage(pack, settled, PRICES)
    assert (beyond.decided, beyond.gates, beyond.tests) == ("recycle", (gate,), {})
    held = triage(pack, POLICY, PRICES)
    assert (held.decided, held.gates, held.provisional) == (None, (gate,), (gate,))
    assert held.tests[gate] is deciding_test(gate)
    near = triage(facts(0.95, **{fact: measured(0.95 * limit, 0.1 * limit)}), POLICY, PRICES)
    assert (near.decided, near.unsure_gates, near.advice) == (None, (gate,), Advice.BENCH_TEST)
    assert list(near.tests) == [gate]
    sound = triage(facts(0.95, **{fact: measured(0.5 * limit, 0.1 * limit)}), POLICY, PRICES)
    assert sound.decided == "vehicle"


def test_a_pack_of_unknown_origin_is_held_and_not_scrapped():
    decision = triage(facts(0.95, origin_known=False), POLICY, PRICES)
    assert (decision.decided, decision.gates) == (None, ("unknown_origin",))
    crashed = triage(facts(0.95, origin_known=False, events=("crash",)), POLICY, PRICES)
    assert crashed.decided == "recycle"


def test_gates_that_nobody_measured_are_named_and_hold_where_the_policy_says_so():
    decision = triage(facts(0.95), POLICY, PRICES)
    assert decision.unmeasured_gates == (
        "insulation",
        "self_discharge",
        "cell_resistance",
        "unknown_origin",
    )
    strict = msgspec.structs.replace(POLICY, refuse_unmeasured=True)
    assert triage(facts(0.95), strict, PRICES).decided is None


def test_banned_uses_hold_for_every_pack_and_no_grade_may_permit_one():
    for pack in (facts(0.95), facts(0.3), facts(0.95, events=("crash",))):
        assert "e-bike" in triage(pack, POLICY, PRICES).bans
    assert all(ban.reference and ban.effective for ban in POLICY.bans)
    loose = msgspec.structs.replace(POLICY.grades[0], uses=("e-bike",))
    with pytest.raises(SettingsError, match="e-bike"):
        Policy(
            name="p",
            version="1",
            effective="2026-01-01",
            reference="r",
            grades=(loose,),
            bans=POLICY.bans,
        )


def test_a_provisional_limit_of_no_gate_is_refused():
    with pytest.raises(SettingsError, match="swelling is none of"):
        msgspec.structs.replace(POLICY, provisional={"swelling": ("a", "b")}).__post_init__()


def test_a_policy_without_a_date_is_refused():
    with pytest.raises(SettingsError, match="date"):
        msgspec.convert(
            {
                "name": "p",
                "version": "1",
                "effective": "soon",
                "reference": "r",
                "grades": [msgspec.to_builtins(POLICY.grades[0])],
            },
            Policy,
        )


def test_a_value_is_traced_to_its_inputs():
    wide = triage(facts(0.95, 0.06), POLICY, PRICES).value
    narrow = triage(facts(0.95, 0.005), POLICY, PRICES).value
    assert wide.inputs.soh == facts(0.95, 0.06).estimate.soh
    assert wide.inputs.width_from_soh > 5 * narrow.inputs.width_from_soh
    assert wide.inputs.width_from_prices == pytest.approx(narrow.inputs.width_from_prices)
    assert narrow.best.width == pytest.approx(narrow.inputs.width_from_prices, rel=0.02)
    dearer = msgspec.structs.replace(PRICES, new_per_kwh=700.0)
    other = residual_value(Interval(0.95, 0.9, 1.0), "LFP", 60.0, "vehicle", dearer)
    assert other.inputs.prices_digest != wide.inputs.prices_digest


@pytest.mark.parametrize(("language", "said"), [("en", "stopped by crash"), ("zh", "碰撞")])
def test_a_decision_is_said_in_either_language(language, said):
    stopped = triage(facts(0.95, events=("crash",)), POLICY, PRICES)
    assert said in describe_decision(stopped, POLICY, language)
    unsure = describe_decision(triage(facts(0.8, 0.05), POLICY, PRICES), POLICY, language)
    assert ("better test gains" in unsure) is (language == "en")
