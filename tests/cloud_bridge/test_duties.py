"""Duties: called for by events, done by others, overdue by the calendar; rules are data."""

import json
import random

import pytest

from cloud_bridge.fold import Told
from cloud_bridge.rules import duties, read_rules
from cloud_bridge.store import SqliteStore
from packtrail import event as e
from packtrail.command import run_line
from packtrail.errors import SettingsError
from packtrail.times import parse_time
from tests.cloud_bridge import parts
from tests.cloud_bridge.parts import CAR, OTHER_PACK, PACK

RULES = read_rules()
ROLES = {"recycler-1": "recycler", "outlet-9": "outlet"}


def told(body, day, *, author="shop-1", unit=PACK, counter=1):
    t_ns = parse_time(f"{day}T10:00:00Z")
    about = {"unit": unit, "author": author, "t_ns": t_ns, "counter": counter}
    return Told.of(parts.signed(body, **about))


def listed(facts, day, rule):
    moment = parse_time(f"{day}T12:00:00Z")
    return [duty for duty in duties(facts, RULES, moment, ROLES) if duty.rule == rule]


def test_a_retired_pack_is_handed_over_in_time_or_overdue_on_its_holder():
    retired = told(e.UnitRetired("capacity"), "2026-05-01")
    (duty,) = listed([retired], "2026-05-21", "hand_over")
    assert (duty.holder, duty.due[:10], duty.days_left, duty.overdue) == (
        "shop-1",
        "2026-05-31",
        10,
        False,
    )
    assert duty.provisional
    (duty,) = listed([retired], "2026-06-02", "hand_over")
    assert duty.overdue
    assert duty.days_left == -2
    received = told(e.RecoveryReceived("outlet-9"), "2026-06-03", author="outlet-9")
    (duty,) = listed([retired, received], "2026-06-10", "hand_over")
    assert (duty.done, duty.late, duty.overdue) == (received.event_id, True, False)


def test_the_receipt_of_another_pack_fulfils_nothing():
    retired = told(e.UnitRetired("capacity"), "2026-05-01")
    other = told(e.RecoveryReceived("outlet-9"), "2026-05-02", unit=OTHER_PACK)
    earlier = told(e.RecoveryReceived("outlet-9"), "2026-04-02", counter=2)
    (duty,) = listed([retired, other, earlier], "2026-05-03", "hand_over")
    assert duty.done == ""


def test_a_report_is_done_when_the_platform_has_acknowledged_it():
    swap = told(e.SwapPerformed(CAR, "north"), "2026-05-01")
    sent = told(e.ReportSent("R-1", "national", "swap", (swap.event_id,)), "2026-05-02", unit=None)
    bounced = told(e.ReportBounced("R-1", "national", "x"), "2026-05-02", unit=None, counter=2)
    taken = told(e.ReportAcknowledged("R-1", "national"), "2026-05-03", unit=None, counter=3)
    assert listed([swap, sent, bounced], "2026-05-04", "report_swap")[0].done == ""
    (duty,) = listed([swap, sent, bounced, taken], "2026-05-04", "report_swap")
    assert (duty.done, duty.late) == (taken.event_id, False)
    foreign = told(e.ReportAcknowledged("R-1", "national"), "2026-05-03", author="x", unit=None)
    assert listed([swap, sent, foreign], "2026-05-04", "report_swap")[0].done == ""


def test_rules_bind_what_happened_while_they_were_in_force():
    for day, ids in (("2026-03-31", {"report_repair_2018"}), ("2026-04-01", {"report_repair"})):
        repaired = told(e.UnitRepaired(), day)
        assert {duty.rule for duty in duties([repaired], RULES, 2**62)} == ids


def test_working_days_leave_out_the_weekend():
    scrapped = told(e.VehicleScrapReceived(CAR), "2026-03-06", unit=None)
    (duty,) = listed([scrapped], "2026-03-09", "report_scrapping_2018")
    assert duty.due[:10] == "2026-03-27"


def test_roles_decide_which_article_binds():
    facts = [
        told(e.RecoveryReceived("x"), "2026-05-01", author=author)
        for author in ("recycler-1", "outlet-9", "nobody")
    ]
    found = {(duty.holder, duty.rule) for duty in duties(facts, RULES, 2**62, ROLES)}
    assert found == {("recycler-1", "report_utilisation"), ("outlet-9", "report_outlet")}


def test_what_was_corrected_away_calls_for_nothing():
    retired = told(e.UnitRetired("capacity"), "2026-05-01")
    wrong = told(e.CorrectionDeclared(retired.event_id, "did_not_occur"), "2026-05-02", counter=2)
    assert duties([retired, wrong], RULES, 2**62) == []


def test_order_and_repetition_play_no_part():
    facts = [told(e.UnitRetired(), f"2026-05-{day:02}", counter=day) for day in range(1, 9)]
    facts.append(told(e.RecoveryReceived("outlet-9"), "2026-05-05", counter=20))
    shuffled = facts + facts[:3]
    random.Random(1).shuffle(shuffled)
    assert duties(shuffled, RULES, 2**62) == duties(facts, RULES, 2**62)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_each_rule_has_its_ground_and_both_languages(rule):
    assert rule.legal
    assert rule.days > 0
    assert rule.text.en != rule.text.zh


@pytest.mark.parametrize(
    ("line", "fault"),
    [('on = ["Nothing"]', "Nothing"), ("days = 'x'", "days"), ("colour = 1", "colour")],
)
def test_a_faulty_table_is_refused_with_the_place(tmp_path, line, fault):
    rule = {
        "id": '"r"', "en": '"a"', "zh": '"b"', "on": '["UnitRetired"]', "by": '["report"]',
        "days": "1", "unit": '"calendar_day"', "legal": '"x"', "from": '"2026-01-01"',
    }  # fmt: skip
    name, _, value = line.partition(" = ")
    rule[name] = value
    text = "\n".join(f"{key} = {content}" for key, content in rule.items())
    file = tmp_path / "rules.toml"
    file.write_text(f"[[duty]]\n{text}\n")
    with pytest.raises(SettingsError, match=fault):
        read_rules(file)


def test_the_command_lists_what_is_open(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    store = SqliteStore(tmp_path / "bridge.sqlite")
    long_ago = parse_time("2026-04-02T00:00:00Z")
    retired = parts.fact(e.UnitRetired("capacity"), t_ns=long_ago, author="shop-1")
    store.append([parts.key_fact(parts.STATION, "shop-1", "workshop"), retired], long_ago)
    store.close()
    settings = tmp_path / "bridge.toml"
    settings.write_text('key_file = "bridge.pem"\n[store]\npath = "bridge.sqlite"\n')
    line = ["bridge", "duties", "--settings", str(settings)]
    assert run_line([*line, "--overdue"]) == 0
    text = capsys.readouterr().out
    assert "shop-1: hand the retired pack" in text
    assert "overdue by" in text
    assert "(provisional)" in text
    assert text.endswith("1 open duties, 1 overdue\n")
    assert run_line([*line, "--json"]) == 0
    (duty,) = json.loads(capsys.readouterr().out)
    assert duty["event"] == retired.signed.event_id
    assert run_line([*line, "--rules", str(tmp_path / "none.toml")]) == 2
