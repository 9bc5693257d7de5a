"""Tables of rules: refused with all faults, recorded for a store, compared before adoption."""

from __future__ import annotations

import msgspec
import pytest

from cloud_bridge.errors import BridgeError
from cloud_bridge.rules.book import DutyBook
from cloud_bridge.rules.difference import changes, effect
from cloud_bridge.rules.duties import DAY_NS
from cloud_bridge.rules.faults import checked
from cloud_bridge.rules.reading import read_table
from cloud_bridge.rules.recorded import adopt, history, in_force, settle
from cloud_bridge.rules.table import RuleTable
from cloud_bridge.store import SqliteStore
from packtrail import event as e
from packtrail.command import run_line
from packtrail.errors import SettingsError
from packtrail.times import parse_time
from tests.cloud_bridge import parts

OURS = read_table()
NOW = parse_time("2026-06-01T00:00:00Z")
RULE = {
    "id": "a", "en": "hand over", "zh": "移交", "on": ["UnitRetired"], "by": ["RecoveryReceived"],
    "days": 30, "unit": "calendar_day", "legal": "Act 1", "from": "2026-01-01",
}  # fmt: skip


def faults(*rules, **head):
    return [one.say("en") for one in checked({"duty": [RULE | rule for rule in rules], **head})[1]]


def changed(table, rule_id, **fields):
    rules = [
        msgspec.structs.replace(rule, **fields) if rule.id == rule_id else rule
        for rule in table.duty
    ]
    return RuleTable("changed", tuple(rules))


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (
            {"on": ["UnitRetird"]},
            "duty 1 (a).on: no event is called UnitRetird; did you mean UnitR",
        ),
        ({"by": ["reprt"]}, "duty 1 (a).by: no event is called reprt; did you mean report?"),
        ({"roles": ["recycle"]}, "duty 1 (a).roles: no role is called recycle; did you mean recyc"),
        ({"legal": " "}, "duty 1 (a).legal: is empty: act and article"),
        ({"days": 0}, "duty 1 (a).days: 0 is not from 1 to 36500"),
        ({"days": "x"}, "duty 1 (a).days: Expected `int`, got `str`"),
        ({"from": "1 April"}, "duty 1 (a).from: '1 April' is no date like 2026-04-01"),
        ({"to": "2025-01-01"}, "duty 1 (a).to: 2025-01-01 is before 2026-01-01; exchange them"),
        ({"utc_offset": "CST"}, "duty 1 (a).utc_offset: 'CST' is not like \"+08:00\""),
        ({"dais": 3}, "duty 1 (a).dais: no such field; did you mean days?"),
        ({"unit": "week"}, "duty 1 (a).unit: Invalid enum value 'week'"),
        ({"on": []}, "duty 1 (a).on: is empty"),
    ],
)
def test_what_is_wrong_with_a_rule_is_told_with_place_and_remedy(rule, told):
    (fault,) = faults(rule)
    assert fault.startswith(told)


def test_every_fault_is_told_at_once(tmp_path):
    file = tmp_path / "rules.toml"
    file.write_text(
        """
        colour = "red"
        [[duty]]
        id = "a"
        en = "x"
        on = ["Nothing"]
        days = "x"
        [[duty]]
        id = "b"
        en = "x"
        zh = "y"
        on = ["UnitRetired", "Nobody"]
        by = ["report"]
        days = -1
        unit = "calendar_day"
        legal = ""
        from = "2026-13-01"
        """
    )
    with pytest.raises(SettingsError) as told:
        read_table(file)
    places = [fault.partition(":")[0] for fault in told.value.faults]
    assert places == [
        "colour",
        "duty 1 (a)",
        "duty 1 (a)",
        "duty 1 (a).days",
        "duty 1 (a)",
        "duty 1 (a)",
        "duty 1 (a)",
        "duty 2 (b).legal",
        "duty 2 (b).days",
        "duty 2 (b).on",
        "duty 2 (b).from",
    ]


def test_an_old_rule_that_was_not_ended_overlaps_with_the_new_one():
    (fault,) = faults({}, {"id": "b", "from": "2027-01-01"})
    assert "both call for the same after UnitRetired from 2027-01-01 to …" in fault
    assert 'end a with "to" before 2027-01-01' in fault
    assert faults({"to": "2026-12-31"}, {"id": "b", "from": "2027-01-01"}) == []
    assert faults({"to": "2027-01-01"}, {"id": "b", "from": "2027-01-01"})
    assert faults({"roles": ["outlet"]}, {"id": "b", "roles": ["recycler"]}) == []
    assert faults({"by": ["report"]}, {"id": "b"}) == []
    assert faults({}, {"id": "b", "beside": ["a"]}) == []


def test_one_name_for_two_rules_is_a_fault():
    (fault,) = faults({}, {"on": ["UnitDestroyed"]})
    assert fault.startswith("a: stands twice")


def test_duties_that_only_call_for_each_other_are_a_cycle():
    back = {"id": "b", "on": ["RecoveryReceived"], "by": ["UnitRetired"]}
    (fault,) = faults({}, back)
    assert fault.startswith("a, b: a cycle")
    assert faults({}, back | {"by": ["UnitRetired", "report"]}) == []
    assert faults({}, back | {"from": "2027-01-01"}) != []
    assert faults({"to": "2026-12-31"}, back | {"from": "2027-01-01"}) == []
    (own,) = faults({"on": ["RecoveryShipped"], "by": ["RecoveryShipped"]})
    assert own.startswith("a: a cycle")


def test_our_own_table_has_no_fault_and_names_itself():
    assert OURS.name
    assert OURS.revision
    assert {rule.utc_offset for rule in OURS.duty} == {"+08:00"}


@pytest.fixture
def store(tmp_path):
    made = SqliteStore(tmp_path / "bridge.sqlite")
    yield made
    made.close()


def test_the_first_table_is_recorded_and_a_different_one_follows_it(store):
    few = RuleTable("few", OURS.duty[:2])
    first = DutyBook(few, "bridge-1")
    assert first.in_force(store).table.duty == few.duty
    second = DutyBook(OURS, "bridge-2")
    assert second.in_force(store).table.duty == few.duty
    assert (first.differs(store), second.differs(store)) == (False, True)
    assert [(one.number, one.adopted_by) for one in history(store)] == [(1, "bridge-1")]


def test_what_comes_with_packtrail_gives_way_to_a_later_one_only(store):
    older = msgspec.structs.replace(changed(OURS, "hand_over", days=31), revision=1)
    newer = msgspec.structs.replace(OURS, revision=2)
    assert settle(store, older, "b", NOW).adopted.number == 1
    assert settle(store, newer, "b", NOW).table == newer
    assert settle(store, older, "b", NOW).table == newer
    chosen = changed(OURS, "hand_over", days=20)
    assert adopt(store, chosen, "somebody", NOW)
    assert not adopt(store, chosen, "somebody", NOW)
    assert settle(store, msgspec.structs.replace(OURS, revision=9), "b", NOW).table == chosen


def test_a_table_of_a_later_form_is_not_guessed_at(store):
    row = {"number": 1, "digest": "x", "name": "n", "source": "adopted", "now": 0, "author": "a"}
    store.run_statements([("insert_rule_table", [{**row, "content": '{"rules": []}'}])])
    with pytest.raises(BridgeError, match="later packtrail"):
        in_force(store)


def retire(store, many, author="shop-1", t_ns=NOW - 10 * DAY_NS):
    facts = [
        parts.fact(e.UnitRetired(), unit=e.UnitRef("maker_serial", f"{author}-{n}"), author=author,
                   counter=n + 1, t_ns=t_ns)
        for n in range(many)
    ]  # fmt: skip
    store.append(facts, t_ns)


def test_a_running_book_takes_up_another_table_beside_the_list_that_is_seen(store):
    retire(store, 3)
    book = DutyBook()
    before = book.open(store, NOW)
    assert {duty.rule for duty in before} == {"hand_over"}
    adopt(store, changed(OURS, "hand_over", days=5), "somebody", NOW)
    assert book.counts(store, NOW) == (3, 0, 3), "the list before is seen while this one is made"
    assert {rule.days for name, rule in book.rules(store).items() if name == "hand_over"} == {30}
    after = book.open(store, NOW)
    assert [duty.event for duty in after] == [duty.event for duty in before]
    assert all(duty.overdue for duty in after)
    while not book.advance(store, NOW):
        pass
    assert [row[0] for row in store.stream("duty_lists")] == [2]


def test_a_comparison_says_what_changes_for_whom(store):
    retire(store, 3, "shop-1")
    retire(store, 2, "shop-2")
    shorter = changed(OURS, "hand_over", days=5)
    (change,) = changes(OURS, shorter)
    assert (change.id, change.fields) == ("hand_over", ("days",))
    found = effect(store, OURS, shorter, NOW)
    assert found.moved == {("hand_over", "shop-1"): 3, ("hand_over", "shop-2"): 2}
    assert set(found.shift_days.values()) == {-25}
    assert not found.gone
    without = RuleTable("w", tuple(rule for rule in OURS.duty if rule.id != "hand_over"))
    assert effect(store, OURS, without, NOW).gone == found.moved
    assert effect(store, without, OURS, NOW).come == found.moved
    words = changed(OURS, "hand_over", en="other words")
    assert not changes(OURS, words)[0].matters


def test_a_rule_that_begins_later_tells_whom_it_will_bind(store):
    retire(store, 3, "shop-1", NOW - 200 * DAY_NS)
    retire(store, 2, "shop-2")
    later = changed(OURS, "hand_over", from_="2027-01-01", days=3)
    assert effect(store, OURS, later, NOW, 90 * DAY_NS).ahead == {("hand_over", "shop-2"): 2}
    everybody = effect(store, OURS, later, NOW, 900 * DAY_NS).ahead
    assert everybody == {("hand_over", "shop-1"): 3, ("hand_over", "shop-2"): 2}


def test_the_command_shows_checks_compares_and_adopts(tmp_path, store, monkeypatch, capsys):
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    retire(store, 3)
    settings, file = tmp_path / "bridge.toml", tmp_path / "mine.toml"
    settings.write_text('key_file = "bridge.pem"\n[store]\npath = "bridge.sqlite"\n')
    text = "\n".join(
        f"{name} = {msgspec.json.encode(value).decode()}"
        for name, value in {**RULE, "id": "hand_over", "days": 7, "from": "2026-04-01"}.items()
    )
    file.write_text(f'name = "mine"\n[[duty]]\n{text}\n')
    line = ["bridge", "rules"]
    more = ["--settings", str(settings)]
    assert run_line([*line, "check", str(file)]) == 0
    assert "mine: 1 rules, no fault" in capsys.readouterr().out
    assert run_line([*line, "diff", str(file), *more]) == 0
    told = capsys.readouterr().out
    assert "~ hand_over: " in told
    assert "days: 30 → 7" in told
    assert "open duties due on another day: 3\n  shop-1  hand_over  3 (-23 days)" in told
    assert run_line([*line, "adopt", str(file), *more]) == 0
    assert "in force for every bridge" in capsys.readouterr().out
    assert run_line([*line, *more]) == 0
    told = capsys.readouterr().out
    assert "→ 2" in told
    assert "! this installation brings another: packtrail" in told
    assert run_line(["bridge", "duties", *more]) == 0
    assert "3 open duties" in capsys.readouterr().out
    assert run_line([*line, "adopt", *more]) == 2
    file.write_text(f"[[duty]]\n{text.replace('UnitRetired', 'UnitGone')}\n")
    assert run_line([*line, "adopt", str(file), *more]) == 2
    assert "UnitGone" in capsys.readouterr().err


def test_a_wrong_table_in_the_settings_is_told_before_a_bridge_starts(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    parts.AUTHORITY.save(tmp_path / "bridge.pem")
    (tmp_path / "mine.toml").write_text('[[duty]]\nid = "a"\n')
    settings = tmp_path / "bridge.toml"
    text = 'key_file = "bridge.pem"\n[store]\npath = "bridge.sqlite"\n[mqtt]\nport = 1\n'
    settings.write_text(f'{text}[rules]\ntable = "mine.toml"\n')
    assert run_line(["bridge", "check", "--settings", str(settings)]) == 2
    told = capsys.readouterr().out
    assert "✗ rules: " in told
    assert "duty 1 (a): legal is missing: act and article" in told
    assert run_line(["bridge", "run", "--settings", str(settings)]) == 2
    assert "legal is missing" in capsys.readouterr().err
