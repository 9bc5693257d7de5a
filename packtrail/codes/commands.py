"""`packtrail code read|make`: what a code means, and codes for tests."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, date, datetime

from packtrail.codes.labels import LabelReading, read_label
from packtrail.codes.pack_code import PackCode
from packtrail.command import Command
from packtrail.language import Text


def _read_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("label", help=Text("what the scanner gave", "扫码内容").say())
    parser.add_argument(
        "other_half", nargs="?", default="", help=Text("the other half", "标签的另一半").say()
    )
    parser.add_argument("--json", action="store_true", help="JSON")


def _read(args: argparse.Namespace) -> int:
    reading = read_label(args.label, args.other_half)
    print(json.dumps(_facts(reading), ensure_ascii=False) if args.json else _sentences(reading))
    return 0 if reading.code else 1


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


def _sentences(reading: LabelReading) -> str:
    code = reading.code
    if code is None:
        problem = reading.problem.text.say() if reading.problem else ""
        detail = f": {reading.detail.say()}" if reading.detail else ""
        return "\n".join([problem + detail, *reading.candidates])
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
    parser.add_argument("--maker", default="000", help=Text("3 characters", "3 位").say())
    parser.add_argument("--chemistry", default="LFP", help="LFP, NMC, LTO …")
    parser.add_argument("--made-on", type=date.fromisoformat, default=date(2026, 4, 1))
    parser.add_argument("--serial", type=int, default=1)
    parser.add_argument(
        "--second-life", action="store_true", help=Text("19 characters", "19 位梯次编码").say()
    )


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
