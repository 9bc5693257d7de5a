"""What a DBC file may contain, and what its defects cost."""

from __future__ import annotations

import pickle

import pytest

import can_decoder
from can_decoder import Database, DecoderError
from can_decoder.dbc import read_dbc

HEAD = 'VERSION ""\n\nNS_ :\n\tNS_DESC_\n\tCM_\n\nBS_:\n\nBU_: ECU\n\n'


def database(text: str | bytes, *, head: str = HEAD) -> Database:
    raw = text if isinstance(text, bytes) else (head + text).encode()
    return Database(*read_dbc(raw, "test.dbc"))


def signals(found: Database, message: str = "A") -> set[str]:
    return {signal.name for signal in found.message(message).signals}


def test_bad_statement_costs_itself_and_names_its_line():
    found = database(
        'BO_ 1 A: 8 ECU\n SG_ good : 0|8@1+ (1,0) [0|0] "" X\n'
        ' SG_ bad : 8|8@7+ (1,0) [0|0] "" X\n SG_ after : 16|8@1+ (1,0) [0|0] "" X\n'
    )
    assert signals(found) == {"good", "after"}
    (finding,) = found.diagnostics
    assert (finding.file, finding.line, finding.severity) == ("test.dbc", 13, "error")
    assert "bad" in finding.reason.en


def test_signals_behind_a_bad_message_join_no_other_message():
    found = database(
        'BO_ 1 A: 8 ECU\n SG_ a : 0|8@1+ (1,0) [0|0] "" X\n'
        'BO_ x B: 8 ECU\n SG_ b : 0|8@1+ (1,0) [0|0] "" X\n'
    )
    assert signals(found) == {"a"}
    assert len(found.diagnostics) == 2


@pytest.mark.parametrize(
    "line",
    [
        'SG_ x : 0|8@1+ (1,0) [0|0] "" X',
        'SG_ x:0|8@1+(1,0)[0|0]""X',
        "SG_ x : 0|8@1+ (1,0)",
        'SG_ x : 0 | 8 @ 1 + ( 1 , 0 ) [ 0 | 0 ] "km/h" X, Y',
        'SG_ x : 0|8@1+ (1.0E+00,.0) [-1.5e3|1E9] "" Vector__XXX',
    ],
)
def test_dialects_of_a_signal_line(line):
    found = database(f"BO_ 1 A: 8 ECU\n\t{line}\n")
    assert found.decode(1, False, b"\x05" + bytes(7)) == {"x": 5}
    assert not found.diagnostics


def test_names_may_begin_with_a_digit_and_numbers_with_a_point():
    found = database('BO_ 1 3phase: 8 ECU\n SG_ 2nd : 0|8@1+ (.25,-.5) [0|0] "" X\n')
    assert found.decode(1, False, b"\x04") == {"2nd": 0.5}


def test_comments_run_over_lines_and_hold_anything():
    found = database(
        'BO_ 1 A: 8 ECU\n SG_ a : 0|8@1+ (1,0) [0|0] "" X\n'
        'CM_ SG_ 1 a "first; line\nsaid "quoted";";\nCM_ BO_ 1 "path C:\\";\n'
        'VAL_ 1 a 1 "on; off" 0 "no" ;\n'
    )
    (signal,) = found.message("A").signals
    assert signal.comment.startswith("first; line")
    assert signal.texts == {1: "on; off", 0: "no"}
    assert found.message("A").comment == "path C:\\"


def test_forgotten_quote_costs_one_statement():
    found = database(
        'CM_ "never closed\nBO_ 1 A: 8 ECU\n SG_ a : 0|8@1+ (1,0) [0|0] "" X\nVAL_ 1 a 0 "zero";\n'
    )
    assert found.message("A").signals[0].texts == {0: "zero"}
    assert [finding.severity for finding in found.diagnostics] == ["warning"]


def test_several_statements_share_a_line():
    found = database(
        'BO_ 1 A: 8 ECU SG_ a : 0|8@1+ (1,0) [0|0] "" X SG_ b : 8|8@1+ (1,0) [0|0] "" X\n'
        'VAL_ 1 a 0 "x;y"; VAL_ 1 b 1 "z"; // remark\n'
    )
    assert signals(found) == {"a", "b"}
    assert found.message("A").signals[1].texts == {1: "z"}
    assert not found.diagnostics


def test_values_for_an_unknown_signal_are_a_warning():
    found = database(
        'BO_ 1 A: 8 ECU\n SG_ a : 0|8@1+ (1,0) [0|0] "" X\nVAL_ 1 ghost 0 "x";\nVAL_ 7 a 0 "x";\n'
    )
    assert [finding.severity for finding in found.diagnostics] == ["warning", "warning"]
    assert found.decode(1, False, b"\1") == {"a": 1}


def test_missing_extended_flag_is_supplied():
    found = database('BO_ 418382091 A: 8 ECU\n SG_ a : 0|8@1+ (1,0) [0|0] "" X\n')
    assert found.decode(418382091, True, b"\7") == {"a": 7}
    assert found.decode(418382091 & 0x7FF, False, b"\7") == {}
    assert [finding.severity for finding in found.diagnostics] == ["warning"]


def test_one_number_can_be_a_short_and_a_long_identifier():
    found = database(
        'BO_ 5 A: 8 ECU\n SG_ a : 0|8@1+ (1,0) [0|0] "" X\n'
        'BO_ 2147483653 B: 8 ECU\n SG_ b : 0|8@1+ (1,0) [0|0] "" X\n'
    )
    assert found.decode(5, False, b"\1") == {"a": 1}
    assert found.decode(5, True, b"\1") == {"b": 1}


def test_long_names_are_resolved_before_multiplexing():
    found = database(
        'BO_ 1 A: 8 ECU\n SG_ short_mux M : 0|8@1+ (1,0) [0|0] "" X\n'
        ' SG_ short_a m1 : 8|8@1+ (1,0) [0|0] "" X\n'
        'BA_ "SystemSignalLongSymbol" SG_ 1 short_mux "multiplexor_with_a_long_name";\n'
        'BA_ "SystemSignalLongSymbol" SG_ 1 short_a "member_with_a_long_name";\n'
        'BA_ "SystemMessageLongSymbol" BO_ 1 "MessageWithALongName";\n'
        "SG_MUL_VAL_ 1 short_a short_mux 1-1;\n"
    )
    assert found.decode(1, False, b"\1\2") == {
        "multiplexor_with_a_long_name": 1,
        "member_with_a_long_name": 2,
    }
    assert found.message("MessageWithALongName").frame_id == 1


def test_pseudo_message_of_loose_signals_is_left_out():
    found = database(
        "BO_ 3221225472 VECTOR__INDEPENDENT_SIG_MSG: 0 X\n"
        ' SG_ loose : 0|8@1+ (1,0) [0|0] "" X\nVAL_ 3221225472 loose 0 "x";\n'
    )
    assert not found.messages
    assert not found.diagnostics


def test_identifier_used_twice_belongs_to_the_later_message():
    found = database(
        'BO_ 1 A: 8 ECU\n SG_ a : 0|8@1+ (1,0) [0|0] "" X\n'
        'BO_ 1 B: 8 ECU\n SG_ b : 0|8@1+ (1,0) [0|0] "" X\n'
    )
    assert found.decode(1, False, b"\1") == {"b": 1}
    assert "replaces" in found.diagnostics[0].reason.en


@pytest.mark.parametrize(
    ("unit", "encoding"), [("°C", "utf-8"), ("°C", "cp1252"), ("摄氏度", "gbk"), ("µ", "latin-1")]
)
def test_text_survives_its_encoding(unit, encoding):
    text = HEAD + f'BO_ 1 A: 8 ECU\n SG_ a : 0|8@1+ (1,0) [0|0] "{unit}" X\n'
    assert database(text.encode(encoding)).message("A").signals[0].unit == unit


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_line_ends_of_other_systems(newline):
    text = HEAD + 'BO_ 1 A: 8 ECU\n SG_ a : 0|8@1+ (1,0) [0|0] "" X\n'
    assert signals(database(text.replace("\n", newline).encode())) == {"a"}


def test_missing_file_is_an_error_with_its_place(tmp_path):
    with pytest.raises(DecoderError, match=r"no\.dbc"):
        can_decoder.load(tmp_path / "no.dbc")


def test_several_files_make_one_database(tmp_path):
    for number, name in ((1, "a"), (2, "b")):
        (tmp_path / f"{name}.dbc").write_text(
            f'BO_ {number} {name}: 8 ECU\n SG_ x : 0|8@1+ (1,0) [0|0] "" X\n'
        )
    found = can_decoder.load([tmp_path / "a.dbc", str(tmp_path / "b.dbc")])
    assert [message.name for message in found.messages] == ["a", "b"]


def test_database_is_pickled_with_its_plans():
    found = database('BO_ 1 A: 8 ECU\n SG_ a : 0|8@1+ (1,0) [0|0] "" X\n')
    found.decode(1, False, b"\1")
    assert pickle.loads(pickle.dumps(found)).decode(1, False, b"\2") == {"a": 2}


@pytest.mark.real_data
def test_every_recorded_database_loads_and_drops_nothing(real_data):
    for path in sorted((real_data / "can").glob("*.dbc")):
        found = can_decoder.load(path)
        assert found.messages, path.name
        assert not [d for d in found.diagnostics if d.severity == "error"], path.name
