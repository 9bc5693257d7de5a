"""`PackCode`: the code of a pack, module or cell after GB/T 34014.

24 characters as made, 19 as re-coded for a second life. There is no check digit, so a misread
that keeps to the grammar cannot be seen here: a second reading has to confirm the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Self

from packtrail.codes.grammar import Field, Form, grammar
from packtrail.errors import CodeError
from packtrail.event import UnitRef
from packtrail.language import Text

SCHEME = "gbt34014"
RULE_IN_FORCE = date(2018, 2, 1)
_LOOKALIKES = {"I": "1", "O": "0", "Q": "0", "U": "V", "Z": "2"}


class Level(StrEnum):
    """What the code names."""

    PACK = "pack"
    MODULE = "module"
    CELL = "cell"

    @property
    def text(self) -> Text:
        """The level's name."""
        return _LEVELS[self]


@dataclass(frozen=True, slots=True)
class Chemistry:
    """Battery type of position 5: the standard's letter, our key and both names."""

    letter: str
    key: str
    name: Text


class CodeFinding(StrEnum):
    """Unusual, but seen on real packs: kept and shown, never a reason to refuse."""

    SERIAL_LETTERS = "serial_letters"
    MISREAD_LETTER = "misread_letter"
    BEFORE_RULE = "before_rule"
    FUTURE_DATE = "future_date"

    @property
    def text(self) -> Text:
        """The finding as a sentence."""
        return _FINDINGS[self]


@dataclass(frozen=True, slots=True)
class PackCode:
    """A code that keeps to the grammar.

    Attributes:
        text: 24 or 19 characters, upper case.
        edition: whose tables were used.
        maker: manufacturer code, 3 characters.
        level: pack, module or cell.
        chemistry: battery type.
        specification: maker's specification code, 2 characters.
        traceability: maker's 7 characters; "" on second-life codes.
        made_on: production date; of the second-life product on such codes.
        serial: 7 characters, normally digits.
        second_life: whether it is a 19-character code.
        findings: what is unusual about it.
    """

    text: str
    edition: str
    maker: str
    level: Level
    chemistry: Chemistry
    specification: str
    traceability: str
    made_on: date
    serial: str
    second_life: bool
    findings: tuple[CodeFinding, ...]

    @classmethod
    def parse(cls, text: str, *, edition: str = "2017", strict: bool = False) -> Self:
        """Read a bare code; blanks around it and lower case are forgiven.

        Args:
            text: the code. For scanner output with anything around it, see `read_label`.
            edition: whose tables to use.
            strict: refuse what is otherwise a finding of the text alone.

        Raises:
            CodeError: names the character (from 1) and why it cannot stand there.
        """
        code = text.strip().upper()
        form = grammar(edition).form(len(code))
        if form is None:
            raise CodeError(_LENGTH.fill(n=len(code)), text=code)
        parts = {field.name: _take(code, field) for field in form.fields}
        made_on = _date(code, parts, form, edition)
        _check_serial(code, form)
        findings = _findings(parts, made_on)
        if strict and findings:
            raise CodeError(findings[0].text, text=code)
        return cls._of(code, edition, parts, made_on, form, findings)

    @classmethod
    def _of(
        cls,
        code: str,
        edition: str,
        parts: dict[str, str],
        made_on: date,
        form: Form,
        findings: tuple[CodeFinding, ...],
    ) -> Self:
        tables = grammar(edition)
        kind = tables.chemistries[parts["chemistry"]]
        return cls(
            text=code,
            edition=edition,
            maker=parts["maker"],
            level=Level(tables.levels[parts["level"]]["name"]),
            chemistry=Chemistry(parts["chemistry"], kind["key"], Text(kind["en"], kind["zh"])),
            specification=parts["specification"],
            traceability=parts.get("traceability", ""),
            made_on=made_on,
            serial=parts["serial"],
            second_life=form.second_life,
            findings=findings,
        )

    @classmethod
    def make(
        cls,
        *,
        maker: str,
        chemistry: str,
        made_on: date,
        serial: int,
        level: Level = Level.PACK,
        specification: str = "00",
        traceability: str = "0000000",
        second_life: bool = False,
        edition: str = "2017",
    ) -> Self:
        """Make a code, for instance for a simulated pack.

        Args:
            maker: 3 characters.
            chemistry: the standard's letter, or our key such as `LFP`.
            made_on: 2011 to 2040.
            serial: 1 to 9,999,999.
            level: pack, module or cell.
            specification: 2 characters.
            traceability: 7 characters; left out of second-life codes.
            second_life: make the 19-character form.
            edition: whose tables to use.

        Raises:
            CodeError: an argument does not fit its field.
        """
        letter = _chemistry_letter(chemistry, edition)
        date_symbols = _date_symbols(made_on, edition)
        head = f"{maker}{level.name[0]}{letter}{specification}"
        tail = f"{date_symbols}{serial:07d}"
        middle = "" if second_life else traceability
        mark = f"R{level.name[0]}" if second_life else ""
        return cls.parse(head + middle + tail + mark, edition=edition)

    @property
    def unit(self) -> UnitRef:
        """The code as events and records carry it."""
        return UnitRef(SCHEME, self.text)

    def findings_on(self, today: date) -> tuple[CodeFinding, ...]:
        """All findings, plausibility on the day `today` included."""
        future = (CodeFinding.FUTURE_DATE,) if self.made_on > today else ()
        return self.findings + future

    def __str__(self) -> str:
        return self.text


def _take(code: str, field: Field) -> str:
    part = code[field.start : field.stop]
    for offset, character in enumerate(part):
        if character not in field.alphabet:
            raise _wrong_character(code, field, field.start + offset + 1, character)
    return part


def _wrong_character(code: str, field: Field, position: int, character: str) -> CodeError:
    what = _WRONG.fill(
        position=position,
        character=character,
        field=_FIELD_NAMES[field.name].en,
        feld=_FIELD_NAMES[field.name].zh,
        allowed=_ranges(field.alphabet),
    )
    lookalike = _LOOKALIKES.get(character, "")
    if lookalike and lookalike in field.alphabet:
        what = Text(f"{what.en}; perhaps {lookalike}?", f"{what.zh}；或为 {lookalike}？")
    return CodeError(what, text=code, position=position)


def _date(code: str, parts: dict[str, str], form: Form, edition: str) -> date:
    tables = grammar(edition)
    year = tables.first_year + tables.year.index(parts["year"])
    month = tables.month.index(parts["month"]) + 1
    day = tables.day.index(parts["day"]) + 1
    try:
        return date(year, month, day)
    except ValueError as error:
        position = next(f.stop for f in form.fields if f.name == "day")
        what = _NO_DAY.fill(position=position, date=f"{year}-{month:02}-{day:02}")
        raise CodeError(what, text=code, position=position) from error


def _check_serial(code: str, form: Form) -> None:
    field = next(field for field in form.fields if field.name == "serial")
    if not code[field.start : field.stop].strip("0"):
        raise CodeError(_NO_SERIAL.fill(position=field.stop), text=code, position=field.stop)


def _findings(parts: dict[str, str], made_on: date) -> tuple[CodeFinding, ...]:
    free = parts["maker"] + parts["specification"] + parts.get("traceability", "")
    found = {
        CodeFinding.SERIAL_LETTERS: not parts["serial"].isdigit(),
        CodeFinding.MISREAD_LETTER: any(letter in "IO" for letter in free),
        CodeFinding.BEFORE_RULE: made_on < RULE_IN_FORCE,
    }
    return tuple(finding for finding, present in found.items() if present)


def _chemistry_letter(chemistry: str, edition: str) -> str:
    for letter, kind in grammar(edition).chemistries.items():
        if chemistry in (letter, kind["key"]):
            return letter
    known = ", ".join(kind["key"] for kind in grammar(edition).chemistries.values())
    hint = Text(f"known are {known}", f"可用：{known}")
    raise CodeError(Text("no such battery type", "没有这种电池类型"), text=chemistry, hint=hint)


def _date_symbols(made_on: date, edition: str) -> str:
    tables = grammar(edition)
    index = made_on.year - tables.first_year
    if not 0 <= index < len(tables.year):
        last = tables.first_year + len(tables.year) - 1
        hint = Text(f"{tables.first_year} to {last}", f"可用 {tables.first_year} 至 {last}")
        told = Text("no symbol for this year", "该年份没有代码")
        raise CodeError(told, text=str(made_on), hint=hint)
    return tables.year[index] + tables.month[made_on.month - 1] + tables.day[made_on.day - 1]


def _ranges(alphabet: str) -> str:
    """`0-9A-Z` rather than 36 characters."""
    runs: list[str] = []
    for character in sorted(alphabet):
        if runs and ord(character) == ord(runs[-1][-1]) + 1:
            runs[-1] = runs[-1][0] + character
        else:
            runs.append(character)
    return "".join("-".join(run) if len(run) > 1 else run for run in runs)


_LEVELS = {
    Level.PACK: Text("pack", "电池包"),
    Level.MODULE: Text("module", "模组"),
    Level.CELL: Text("cell", "单体"),
}
_LENGTH = Text(
    "a pack code has 24 characters, or 19 for a second life; this has {n}",
    "电池编码应为 24 位（梯次产品 19 位），此处为 {n} 位",
)
_WRONG = Text(
    "character {position} is {character!r}; {field} allows {allowed}",
    "第 {position} 位为 {character!r}；{feld}只允许 {allowed}",
)
_NO_DAY = Text(
    "character {position}: there is no day {date}", "第 {position} 位：不存在日期 {date}"
)
_NO_SERIAL = Text(
    "character {position}: serial numbers begin at 0000001",
    "第 {position} 位：序列号从 0000001 开始",
)
_FIELD_NAMES = {
    "maker": Text("the manufacturer code", "厂商代码"),
    "level": Text("the product type", "产品类型"),
    "chemistry": Text("the battery type", "电池类型"),
    "specification": Text("the specification code", "规格代码"),
    "traceability": Text("the traceability code", "追溯信息代码"),
    "year": Text("the year", "年份"),
    "month": Text("the month", "月份"),
    "day": Text("the day", "日"),
    "serial": Text("the serial number", "序列号"),
    "second_life_mark": Text("the second-life mark", "梯次标识"),
    "second_life_level": Text("the second-life product type", "梯次产品类型"),
}
_FINDINGS = {
    CodeFinding.SERIAL_LETTERS: Text("letters in the serial number", "序列号含字母"),
    CodeFinding.MISREAD_LETTER: Text(
        "I or O in a free field, perhaps a misread 1 or 0", "自由字段含 I 或 O，可能误读自 1 或 0"
    ),
    CodeFinding.BEFORE_RULE: Text(
        "made before the rule was in force (2018-02-01)", "生产日期早于标准实施（2018-02-01）"
    ),
    CodeFinding.FUTURE_DATE: Text("production date lies ahead", "生产日期在未来"),
}
