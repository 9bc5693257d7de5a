"""`packtrail code read|make`: what a code means, and codes for tests."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, date, datetime
from typing import Final

from packtrail.arguments import day, whole_between
from packtrail.codes.labels import LabelProblem, LabelReading, read_label
from packtrail.codes.pack_code import PackCode
from packtrail.command import EXIT_FAULT, Command
from packtrail.errors import CodeError
from packtrail.language import Text

MAKER_LENGTH: Final = 3


def _read_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("label", help=Text("what the scanner gave", "扫码内容").say())
    parser.add_argument(
        "other_half", nargs="?", default="", help=Text("the other half", "标签的另一半").say()
    )
    parser.add_argument("--json", action="store_true", help=Text("as JSON", "以 JSON 输出").say())


def _read(args: argparse.Namespace) -> int:
    reading = read_label(args.label, args.other_half)
    if args.json:
        print(json.dumps(_facts(reading), ensure_ascii=False))
        return 0 if reading.code else EXIT_FAULT
    if reading.code is None:
        raise _unreadable(reading)
    print(_sentences(reading.code))
    return 0


def _unreadable(reading: LabelReading) -> CodeError:
    """Why a label gave no code, and what to do: choose one of several, or scan again."""
    problem = reading.problem or LabelProblem.NO_CODE
    detail = reading.detail or Text("", "")
    what = [part for part in (problem.text, detail) if part.en]
    said = Text(": ".join(p.en for p in what), "：".join(p.zh for p in what))
    several = ", ".join(reading.candidates)
    hint = Text(f"give one of {several}", f"请只给出其中之一：{several}") if several else None
    return CodeError(said, text=reading.raw, hint=hint)


def _facts(reading: LabelReading) -> dict[str, object]:
    code = reading.code
    if code is None:
        problem = reading.problem.value if reading.problem else ""
        return {"problem": problem, "candidates": list(reading.candidates)}
    return {
        "code": code.text,
        "level": code.level.value,
        "maker": code.maker,
        "chemistry": code.chemistry.key,
        "specification": code.specification,
        "traceability": code.traceability,
        "made_on": code.made_on.isoformat(),
        "serial": code.serial,
        "second_life": code.second_life,
        "findings": [f.value for f in code.findings_on(datetime.now(UTC).date())],
    }


def _sentences(code: PackCode) -> str:
    rows = [
        (Text("code", "编码"), code.text),
        (Text("unit", "产品类型"), code.level.text.say()),
        (Text("maker", "厂商代码"), code.maker),
        (Text("chemistry", "电池类型"), f"{code.chemistry.key} {code.chemistry.name.say()}"),
        (Text("made on", "生产日期"), code.made_on.isoformat()),
        (Text("serial", "序列号"), code.serial),
    ]
    rows += [
        (Text("note", "提示"), f.text.say()) for f in code.findings_on(datetime.now(UTC).date())
    ]
    return "\n".join(f"{name.say():10} {value}" for name, value in rows)


def _make_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    maker = Text("the maker's 3 characters", "厂商代码，3 位")
    add("--maker", default="000", type=_maker, metavar="XXX", help=maker.say())
    chemistry = Text("battery type, such as LFP, NMC, LTO", "电池类型，如 LFP、NMC、LTO")
    add("--chemistry", default="LFP", metavar="KEY", help=chemistry.say())
    made_on = Text("day of production", "生产日期")
    add("--made-on", type=day, default=date(2026, 4, 1), metavar="DATE", help=made_on.say())
    serial = Text("number of the day, 1 to 9999999", "当日序列号，1 至 9999999")
    add("--serial", type=whole_between(1, 9_999_999), default=1, metavar="N", help=serial.say())
    second = Text("a second-life code of 19 characters", "19 位梯次利用编码")
    add("--second-life", action="store_true", help=second.say())


def _maker(text: str) -> str:
    if len(text) != MAKER_LENGTH:
        told = Text("{text!r} has not 3 characters", "{text!r} 不是 3 位")
        raise argparse.ArgumentTypeError(told.say(text=text))
    return text


def _make(args: argparse.Namespace) -> int:
    code = PackCode.make(
        maker=args.maker,
        chemistry=args.chemistry,
        made_on=args.made_on,
        serial=args.serial,
        second_life=args.second_life,
    )
    print(code)
    return 0


READ = Command(
    Text("say what the code on a label means", "解读标签上的电池编码"), _read_arguments, _read
)
MAKE = Command(Text("make a code for tests", "生成测试用编码"), _make_arguments, _make)
