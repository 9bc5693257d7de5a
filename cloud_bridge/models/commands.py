"""`packtrail bridge model|bans`."""

from __future__ import annotations

import argparse
from pathlib import Path

from packtrail.command import Command
from packtrail.language import Text

SETTINGS = Text("the bridge's settings file", "云桥配置文件")


def _model_arguments(parser: argparse.ArgumentParser) -> None:
    what = Text(
        "the sheet as TOML: composition, steps, tools", "型号说明（TOML）：组成、步骤、工具"
    )
    parser.add_argument("file", type=Path, help=what.say())
    parser.add_argument("--author", required=True, help=Text("the maker", "生产企业").say())
    parser.add_argument("--key", type=Path, required=True, help=Text("its key", "其密钥").say())
    parser.add_argument("--settings", type=Path, default=Path("bridge.toml"), help=SETTINGS.say())


def _model(args: argparse.Namespace) -> int:
    from cloud_bridge.models import read_sheet  # noqa: PLC0415 - `--help` loads nothing more
    from cloud_bridge.settings import BridgeSettings  # noqa: PLC0415 - see above
    from cloud_bridge.speaking import Speaker, submit  # noqa: PLC0415 - see above
    from cloud_bridge.store.opening import open_existing  # noqa: PLC0415 - see above
    from packtrail.settings import load  # noqa: PLC0415 - see above
    from packtrail.signing import SigningKey  # noqa: PLC0415 - see above

    bodies = read_sheet(args.file, args.author)
    settings = load(BridgeSettings, args.settings)
    store = open_existing(settings.store)
    try:
        speaker = Speaker(args.author, SigningKey.load(args.key))
        outcome = submit(store, settings, speaker.sign(store, [(None, body) for body in bodies]))
    finally:
        store.close()
    print(outcome.say())
    return 1 if outcome.refused else 0


def _bans_arguments(parser: argparse.ArgumentParser) -> None:
    rules = Text("a table of bans of your own", "自定义禁令表").say()
    parser.add_argument("--rules", type=Path, metavar="FILE", help=rules)
    parser.add_argument("--settings", type=Path, default=Path("bridge.toml"), help=SETTINGS.say())


def _bans(args: argparse.Namespace) -> int:
    from cloud_bridge.rules.bans import breaches, products, read_bans  # noqa: PLC0415 - see above
    from cloud_bridge.settings import BridgeSettings  # noqa: PLC0415 - see above
    from cloud_bridge.store.opening import open_existing  # noqa: PLC0415 - see above
    from packtrail.settings import load  # noqa: PLC0415 - see above

    bans = read_bans(args.rules)
    store = open_existing(load(BridgeSettings, args.settings).store)
    try:
        found = breaches(products(store), bans)
    finally:
        store.close()
    for ban in bans:
        print(f"{ban.from_} – {ban.to or '…'}  {ban.text.say()}  [{ban.legal}]")
    for one in found:
        print(f"! {one.at[:10]}  {one.unit}  {one.author}: {one.use} ({one.ban})")
    print(Text("{n} breaches", "违反 {n} 项").say(n=len(found)))
    return 1 if found else 0


MODEL = Command(Text("put a model's sheet on record", "发布型号说明"), _model_arguments, _model)
BANS = Command(
    Text("uses that are banned, and products that break a ban", "禁用用途及违反禁令的产品"),
    _bans_arguments,
    _bans,
)
