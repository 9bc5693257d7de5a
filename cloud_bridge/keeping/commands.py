"""`packtrail bridge backup|restore|verify`."""

from __future__ import annotations

import argparse
from pathlib import Path

from packtrail.command import Command
from packtrail.language import Text


def _settings_argument(parser: argparse.ArgumentParser) -> None:
    words = Text("the bridge's settings file", "云桥配置文件").say()
    parser.add_argument("--settings", type=Path, default=Path("bridge.toml"), help=words)


def _file_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help=Text("the backup", "备份文件").say())
    _settings_argument(parser)


def _backup(args: argparse.Namespace) -> int:
    from cloud_bridge.keeping.backup import backup  # noqa: PLC0415 - `--help` loads nothing more
    from cloud_bridge.settings import BridgeSettings  # noqa: PLC0415 - see above
    from cloud_bridge.store.opening import open_existing  # noqa: PLC0415 - see above
    from packtrail.settings import load  # noqa: PLC0415 - see above

    store = open_existing(load(BridgeSettings, args.settings).store)
    try:
        print(backup(store, args.file).say())
    finally:
        store.close()
    return 0


def _restore(args: argparse.Namespace) -> int:
    from cloud_bridge.keeping.backup import restore  # noqa: PLC0415 - see _backup
    from cloud_bridge.settings import BridgeSettings  # noqa: PLC0415 - see _backup
    from packtrail.settings import load  # noqa: PLC0415 - see _backup

    print(restore(load(BridgeSettings, args.settings).store, args.file).say())
    return 0


def _verify_arguments(parser: argparse.ArgumentParser) -> None:
    jobs = Text("processes that check signatures; as many as cores", "验签进程数，默认等于核数")
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help=jobs.say())
    parser.add_argument("--json", action="store_true", help=Text("JSON", "输出 JSON").say())
    _settings_argument(parser)


def _verify(args: argparse.Namespace) -> int:
    from cloud_bridge.keeping.terminal import verify  # noqa: PLC0415 - see _backup

    text, sound = verify(args.settings, args.jobs, as_json=args.json)
    print(text)
    return 0 if sound else 1


BACKUP = Command(
    Text(
        "write the whole store to one file, while the bridge runs", "在线备份整个数据库到一个文件"
    ),
    _file_arguments,
    _backup,
)
RESTORE = Command(
    Text("put a backup into an empty place", "将备份恢复到空的位置"), _file_arguments, _restore
)
VERIFY = Command(
    Text(
        "check the whole store: every signature, line, tree node, head, index and chunk",
        "核验整个数据库：签名、账本行、树节点、检查点、索引与数据块",
    ),
    _verify_arguments,
    _verify,
)
