"""GB/T 34014 codes: what each character means, and which one is wrong."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtrail.codes import CodeFinding, Level, PackCode
from packtrail.codes.grammar import grammar
from packtrail.errors import CodeError

REAL = [
    ("04QCB76836300JBC40000903", Level.CELL, "LFP", date(2021, 12, 4)),
    ("001CB240000003B3C0221953", Level.CELL, "LFP", date(2021, 3, 12)),
    ("07HCBC1P22G06AC700002596", Level.CELL, "LFP", date(2022, 7, 31)),
    ("02KPBFD132043CA5V0000027", Level.PACK, "LFP", date(2020, 5, 27)),
    ("0RJPEA00HAU0AAF131001955", Level.PACK, "NMC", date(2025, 1, 3)),
    ("X12MCPM27KLPCLX2M2382320", Level.MODULE, "LMO", date(2039, 2, 21)),
    ("000PB0100000ABG410000001", Level.PACK, "LFP", date(2026, 4, 1)),
    ("001PB24F3A0000123RP", Level.PACK, "LFP", date(2025, 3, 10)),
    ("04QCB76836300JBC00000903", Level.CELL, "LFP", date(2021, 12, 31)),
]

WRONG = [
    ("04QCB76836300JBC4000090", None, "has 24 characters"),
    ("JBC4000090304QCB76836300", 4, "product type"),
    ("A765101015", None, "this has 10"),
    ("04QXB76836300JBC40000903", 4, "product type"),
    ("04QCI76836300JBC40000903", 5, "battery type"),
    ("04QCB76836300JOC40000903", 15, "year"),
    ("04QCB76836300JBD40000903", 16, "month"),
    ("04QCB76836300JB2Y0000903", 17, "no day 2021-02-30"),
    ("04QCB76836300JBB00000903", 17, "no day 2021-11-31"),
    ("04QCB76836300JBC40000000", 24, "begin at 0000001"),
    ("001PB24F3A0000123RX", 19, "second-life product type"),
    ("001PB24F3A0000123XP", 18, "second-life mark"),
    ("FSBP331146BK-A", None, "this has 14"),
    ("04QCB76836300JBC4000090-", 24, "serial number"),
    ("", None, "this has 0"),
]


@pytest.mark.parametrize(("text", "level", "chemistry", "made_on"), REAL)
def test_codes_from_the_field_are_read(text, level, chemistry, made_on):
    code = PackCode.parse(text)
    assert (code.level, code.chemistry.key, code.made_on) == (level, chemistry, made_on)
    assert code.text == text
    assert code.second_life == (len(text) == 19)


@pytest.mark.parametrize(("text", "position", "why"), WRONG)
def test_a_refusal_names_the_character_and_the_reason(text, position, why):
    with pytest.raises(CodeError) as refusal:
        PackCode.parse(text)
    assert refusal.value.position == position
    assert why in str(refusal.value)
    assert refusal.value.describe("zh") != refusal.value.describe("en")


def test_blanks_and_lower_case_are_forgiven():
    assert PackCode.parse(" 04qcb76836300jbc40000903\n").text == "04QCB76836300JBC40000903"


def test_a_look_alike_is_suggested():
    with pytest.raises(CodeError, match="perhaps 0"):
        PackCode.parse("04QCB76836300JBCO0000903")


def test_letters_in_the_serial_are_a_finding_unless_strict():
    text = "04QCB76836300JBC4000090A"
    assert PackCode.parse(text).findings == (CodeFinding.SERIAL_LETTERS,)
    with pytest.raises(CodeError, match="letters in the serial"):
        PackCode.parse(text, strict=True)


def test_unusual_codes_are_findings():
    before = PackCode.make(maker="0O1", chemistry="NMC", made_on=date(2016, 5, 1), serial=3)
    assert before.findings == (CodeFinding.MISREAD_LETTER, CodeFinding.BEFORE_RULE)
    later = PackCode.make(maker="001", chemistry="NMC", made_on=date(2030, 5, 1), serial=3)
    assert later.findings == ()
    assert later.findings_on(date(2026, 1, 1)) == (CodeFinding.FUTURE_DATE,)


@given(
    maker=st.text("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ", min_size=3, max_size=3),
    chemistry=st.sampled_from(sorted(grammar().chemistries)),
    made_on=st.dates(date(2011, 1, 1), date(2040, 12, 31)),
    serial=st.integers(1, 9_999_999),
    level=st.sampled_from(list(Level)),
    second_life=st.booleans(),
)
def test_a_code_that_is_made_says_what_it_was_made_of(
    maker, chemistry, made_on, serial, level, second_life
):
    code = PackCode.make(
        maker=maker,
        chemistry=chemistry,
        made_on=made_on,
        serial=serial,
        level=level,
        second_life=second_life,
    )
    assert PackCode.parse(code.text) == code
    assert (code.maker, code.chemistry.letter, code.made_on) == (maker, chemistry, made_on)
    assert (int(code.serial), code.level) == (serial, level)
    assert len(code.text) == (19 if second_life else 24)


@given(st.text(max_size=40))
def test_any_text_is_a_code_or_an_error(text):
    try:
        code = PackCode.parse(text)
    except CodeError:
        return
    assert code.text == text.strip().upper()


@pytest.mark.parametrize("position", range(24))
def test_every_position_is_checked(position):
    good = "000PB0100000ABG410000001"
    with pytest.raises(CodeError) as refusal:
        PackCode.parse(good[:position] + "*" + good[position + 1 :])
    assert refusal.value.position == position + 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("maker", "1"), ("chemistry", "lead"), ("made_on", date(2041, 1, 1)), ("serial", 0)],
)
def test_a_code_that_cannot_be_made_is_refused(field, value):
    arguments = {"maker": "001", "chemistry": "LFP", "made_on": date(2026, 4, 1), "serial": 1}
    with pytest.raises(CodeError):
        PackCode.make(**(arguments | {field: value}))
