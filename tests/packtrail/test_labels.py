"""Labels in every dirt that scanners, clipboards and hands produce."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtrail.codes import LabelProblem, PackCode, Vin, VinFinding, identify, read_label
from packtrail.errors import CodeError

CODE = "04QCB76836300JBC40000903"
REUSED = "001PB24F3A0000123RP"


@pytest.mark.parametrize(
    "scan",
    [
        CODE,
        CODE.lower(),
        f"  {CODE}\r\n",
        f"]C1{CODE}",
        f"P/N 5QE-915-591 S/N {CODE}",
        f"\x1d{CODE}\x04",
        f"7788{CODE}",
        f"https://example.org/b?code={CODE}&x=1",
        "０４ＱＣＢ７６８３６３００ＪＢＣ４００００９０３",
        f"{CODE} {CODE}",
    ],
)
def test_the_code_is_found_in_a_dirty_scan(scan):
    reading = read_label(scan)
    assert reading.code is not None
    assert reading.code.text == CODE
    assert reading.raw == scan


@pytest.mark.parametrize("text", [CODE, REUSED])
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("separator", [" ", "\n", "-", None])
def test_two_halves_are_joined_in_the_right_order(text, swapped, separator):
    cut = 14 if len(text) == 24 else 7
    halves = (text[cut:], text[:cut]) if swapped else (text[:cut], text[cut:])
    reading = read_label(*halves) if separator is None else read_label(separator.join(halves))
    assert reading.code is not None
    assert reading.code.text == text
    assert reading.joined


def test_a_prefix_glued_to_a_second_life_code_is_cut():
    assert read_label(f"SN{REUSED}").code == PackCode.parse(REUSED)


@pytest.mark.parametrize(
    ("scan", "problem"),
    [
        ("", LabelProblem.EMPTY),
        ("***", LabelProblem.EMPTY),
        ("A765101015", LabelProblem.NO_CODE),
        (f"{CODE} 001CB240000003B3C0221953", LabelProblem.SEVERAL_CODES),
        ("x" * 600, LabelProblem.TOO_LONG),
    ],
)
def test_what_is_no_single_code_is_a_problem(scan, problem):
    reading = read_label(scan)
    assert (reading.code, reading.unit, reading.problem) == (None, None, problem)
    assert len(reading.raw) <= 512


def test_a_misread_character_is_named():
    reading = read_label("04QCB76836300JOC40000903")
    assert reading.detail is not None
    assert "character 15" in reading.detail.en


@given(st.text(max_size=80))
def test_no_scan_raises(scan):
    reading = read_label(scan)
    assert (reading.code is None) == (reading.problem is not None)


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ \n-/", max_size=60), st.integers(0, 60))
def test_a_prefix_never_turns_one_code_into_another(dirt, place):
    scan = f"{dirt[:place]} {CODE}"
    reading = read_label(scan)
    if reading.code is not None:
        assert reading.code.text in scan


def test_identifiers_keep_their_type():
    assert identify(CODE).scheme == "gbt34014"
    assert identify("FSBP331146BK-A").scheme == "maker_serial"
    assert identify("(01)04012345678901(21)AB12").id == "04012345678901.AB12"
    assert identify("https://id.example.org/01/04012345678901/21/AB12").scheme == "gs1"
    assert identify("(01)04012345678902(21)AB12").scheme == "maker_serial"
    assert identify("(8003)04012345678901B7").id == "8003.04012345678901B7"
    assert identify("https://id.example.org/8004/4012345%2F9").id == "8004.4012345/9"


@pytest.mark.parametrize("text", ["", "   ", "a" * 65, "<script>", "a\x00b", "' OR 1=1"])
def test_what_nobody_prints_on_a_pack_is_no_identifier(text):
    with pytest.raises(CodeError):
        identify(text)


def test_a_vin_is_checked_but_not_refused_for_its_check_digit():
    good = Vin.parse("1m8gdm9axkp042788")
    assert (good.text, good.findings) == ("1M8GDM9AXKP042788", ())
    assert Vin.parse("LTEST000000000002").findings == (VinFinding.CHECK_DIGIT,)
    assert good.masked == "1M8··········2788"
    for wrong in ("1M8GDM9AXKP04278", "1M8GDM9AXKP04278O"):
        with pytest.raises(CodeError):
            Vin.parse(wrong)
