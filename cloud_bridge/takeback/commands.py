"""`packtrail bridge directory|takeback|handover|statistics`."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from packtrail.command import Command
from packtrail.language import Text


def _settings(parser: argparse.ArgumentParser) -> None:
    told = Text("the bridge's settings file", "云桥配置文件").say()
    parser.add_argument("--settings", type=Path, default=Path("bridge.toml"), help=told)


def _speaker(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    who = Text("who says it, as on the trust list", "陈述者（信任列表中的名称）").say()
    parser.add_argument("--author", required=required, help=who)
    key = Text("the author's key", "陈述者的密钥").say()
    parser.add_argument("--key", type=Path, required=required, help=key)


def _amounts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kg", type=float, help=Text("as weighed", "称重（kg）").say())
    parser.add_argument("--count", type=int, help=Text("pieces counted", "清点件数").say())


def _store(args: argparse.Namespace) -> tuple[Any, Any]:
    from cloud_bridge.settings import BridgeSettings  # noqa: PLC0415 - `--help` loads nothing more
    from cloud_bridge.store.opening import open_existing  # noqa: PLC0415 - see above
    from packtrail.settings import load  # noqa: PLC0415 - see above

    settings = load(BridgeSettings, args.settings)
    return open_existing(settings.store), settings


def _say(args: argparse.Namespace, store: Any, settings: Any, bodies: Any) -> int:
    from cloud_bridge.speaking import Speaker, submit  # noqa: PLC0415 - see above
    from packtrail.signing import SigningKey  # noqa: PLC0415 - see above

    speaker = Speaker(args.author, SigningKey.load(args.key))
    outcome = submit(store, settings, speaker.sign(store, bodies))
    print(outcome.say())
    return 1 if outcome.refused else 0


def _today() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime())


def _directory_arguments(parser: argparse.ArgumentParser) -> None:
    what = Text("import a CSV file, or list what there is", "导入 CSV 文件，或列出名录").say()
    parser.add_argument("what", choices=("import", "list"), help=what)
    columns = Text("columns", "列").say()
    names = "site,party,kind,name,region,licence,accepts,valid_from,valid_to,latitude_deg,..."
    parser.add_argument("file", type=Path, nargs="?", help=f"{columns}: {names}")
    _speaker(parser, required=False)
    _settings(parser)


def _directory(args: argparse.Namespace) -> int:
    from cloud_bridge.takeback.directory import (  # noqa: PLC0415 - see above
        objection,
        read_directory,
        sites_of,
    )

    bodies = None
    if args.what == "import":
        if not (args.file and args.author and args.key):
            print(Text("give FILE, --author and --key", "请给出 文件、--author 与 --key").say())
            return 2
        bodies = [(None, site) for site in read_directory(args.file)]
    store, settings = _store(args)
    try:
        if bodies is not None:
            return _say(args, store, settings, bodies)
        for site in sites_of(store).values():
            why = objection(site, "", _today())
            mark = why.say() if why else "✓"
            accepts = ";".join(site.accepts) or "*"
            print(f"{site.site}  {site.party}  {site.kind}  {site.region}  {accepts}  {mark}")
    finally:
        store.close()
    return 0


def _takeback_arguments(parser: argparse.ArgumentParser) -> None:
    what = Text("a retired pack's code, or a lot as party/number", "退役电池编码，或批次 单位/编号")
    parser.add_argument("cargo", help=what.say())
    parser.add_argument("--to", default="", metavar="SITE", help=Text("to it", "指定场所").say())
    near = Text("where it is: a site of the directory", "所在场所").say()
    parser.add_argument("--from-site", default="", metavar="SITE", help=near)
    parser.add_argument("--region", default="", help=Text("or its region", "或所在区划").say())
    order = Text("number of the order; made of the time without", "回收单号，默认取时间").say()
    parser.add_argument("--order", default="", help=order)
    _amounts(parser)
    _speaker(parser)
    _settings(parser)


def _takeback(args: argparse.Namespace) -> int:
    from cloud_bridge.takeback import orders  # noqa: PLC0415 - see above

    store, settings = _store(args)
    try:
        cargo = orders.cargo_of(store, args.cargo)
        where = {"region": args.region, "from_site": args.from_site, "to_site": args.to}
        chosen = orders.choose(store, cargo, _today(), **where)
        order = args.order or time.strftime("T%Y%m%d%H%M%S", time.gmtime())
        amounts = {"kg": args.kg, "count": args.count}
        bodies = orders.ordered(cargo, chosen, order, region=args.region, **amounts)
        done = _say(args, store, settings, bodies)
    finally:
        store.close()
    km = f"{chosen.km:.0f} km" if chosen.km is not None else chosen.site.region
    told = Text(
        "order {order} to {site} ({party}), {km}", "回收单 {order}：{site}（{party}），{km}"
    )
    print(told.say(order=order, site=chosen.site.site, party=chosen.site.party, km=km))
    return done


def _handover_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("accept", "refuse"))
    parser.add_argument("offer", help=Text("giver/number", "移交方/编号").say())
    parser.add_argument("--site", default="", help=Text("where it is now", "入库场所").say())
    missing = Text("a pack that was not there", "未到的电池").say()
    parser.add_argument("--without", action="append", default=[], metavar="CODE", help=missing)
    parser.add_argument("--reason", default="", help=Text("why refused", "拒收原因").say())
    _amounts(parser)
    _speaker(parser)
    _settings(parser)


def _handover(args: argparse.Namespace) -> int:
    from cloud_bridge.takeback import orders  # noqa: PLC0415 - see above

    giver, _, number = args.offer.partition("/")
    store, settings = _store(args)
    try:
        entry = orders.offer_of(store, giver, number)
        differ = False
        if args.what == "refuse":
            bodies = orders.refused(entry, args.reason)
        else:
            amounts = {"kg": args.kg, "count": args.count}
            without = tuple(args.without)
            bodies, differ = orders.accepted(entry, site=args.site, without=without, **amounts)
        done = _say(args, store, settings, bodies)
    finally:
        store.close()
    if differ:
        told = Text("a discrepancy: what came is not what was offered", "数量差异：实收与移交不符")
        print(f"! {told.say()}")
    return done


def _statistics_arguments(parser: argparse.ArgumentParser) -> None:
    from cloud_bridge.takeback.statistics import GROUPS  # noqa: PLC0415 - see above

    by = Text("per what", "分组依据").say()
    parser.add_argument("--by", default="month", choices=GROUPS, help=by)
    anew = Text("count everything anew first", "先从头重新统计").say()
    parser.add_argument("--rebuild", action="store_true", help=anew)
    csv = Text("as CSV into this file; - for standard output", "写入 CSV；- 为标准输出").say()
    parser.add_argument("--csv", metavar="FILE", help=csv)
    _settings(parser)


def _statistics(args: argparse.Namespace) -> int:
    from cloud_bridge.takeback import statistics  # noqa: PLC0415 - see above
    from cloud_bridge.takeback.tally import Tally  # noqa: PLC0415 - see above

    store, _ = _store(args)
    try:
        if args.rebuild:
            Tally(store).rebuild()
        rows = statistics.recovered(store, args.by)
    finally:
        store.close()
    if args.csv == "-":
        print(statistics.as_csv(rows), end="")
    elif args.csv:
        Path(args.csv).write_text(statistics.as_csv(rows), "utf-8")
    else:
        print(statistics.as_text(rows))
    return 0


DIRECTORY = Command(
    Text("sites that may take packs back: import or list", "可接收电池的场所名录：导入或列出"),
    _directory_arguments,
    _directory,
)
TAKEBACK = Command(
    Text("order a retired pack or lot to a lawful site near by", "向就近合法场所下达回收单"),
    _takeback_arguments,
    _takeback,
)
HANDOVER = Command(
    Text("accept or refuse what was offered, with kg and counts", "接收或拒收移交，记录重量与件数"),
    _handover_arguments,
    _handover,
)
STATISTICS = Command(
    Text("packs, kWh and recoverable metals that were taken back", "回收电池数、电量与可回收金属"),
    _statistics_arguments,
    _statistics,
)
