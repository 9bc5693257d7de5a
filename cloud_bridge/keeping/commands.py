"""`packtrail bridge backup|restore|verify` and `packtrail id prove`."""

from __future__ import annotations

import argparse
from pathlib import Path

from cloud_bridge.commands import key_file_argument
from packtrail.command import Command
from packtrail.language import Text


def _settings_argument(parser: argparse.ArgumentParser) -> None:
    words = Text("the bridge's settings file", "云桥配置文件").say()
    parser.add_argument("--settings", type=Path, default=Path("bridge.toml"), help=words)


def _file_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help=Text("the backup", "备份文件").say())
    keys = Text(
        "the keys that open vehicles' numbers, in a file of their own; keep it for a shorter time",
        "可开启车号的密钥，单独成文件；请缩短其保存期",
    )
    parser.add_argument("--keys", type=Path, metavar="FILE", help=keys.say())
    _settings_argument(parser)


def _backup(args: argparse.Namespace) -> int:
    from cloud_bridge.keeping.backup import backup  # noqa: PLC0415 - `--help` loads nothing more
    from cloud_bridge.settings import BridgeSettings  # noqa: PLC0415 - see above
    from cloud_bridge.store.opening import open_existing  # noqa: PLC0415 - see above
    from packtrail.settings import load  # noqa: PLC0415 - see above

    store = open_existing(load(BridgeSettings, args.settings).store)
    try:
        print(backup(store, args.file, args.keys).say())
    finally:
        store.close()
    return 0


def _restore(args: argparse.Namespace) -> int:
    from cloud_bridge.keeping.backup import restore  # noqa: PLC0415 - see _backup
    from cloud_bridge.settings import BridgeSettings  # noqa: PLC0415 - see _backup
    from packtrail.settings import load  # noqa: PLC0415 - see _backup

    place, closing = load(BridgeSettings, args.settings).store, args.without_keys
    print(restore(place, args.file, args.keys, without_keys=closing).say())
    return 0


def _restore_arguments(parser: argparse.ArgumentParser) -> None:
    _file_arguments(parser)
    closing = Text(
        "the keys are lost: vehicles begin anew when they are reported again, with two histories",
        "密钥已丢失：车辆再次上报时成为新主体，历史分为两段",
    )
    parser.add_argument("--without-keys", action="store_true", help=closing.say())


def _verify_arguments(parser: argparse.ArgumentParser) -> None:
    jobs = Text("processes that share the work; as many as cores", "并行进程数，默认等于核数")
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help=jobs.say())
    parser.add_argument("--json", action="store_true", help=Text("JSON", "输出 JSON").say())
    since = Text(
        "check only what is newer than this head, kept by an earlier sound verification",
        "仅核验此检查点（此前核验可信时保存）之后的内容",
    )
    parser.add_argument("--since", type=Path, metavar="FILE", help=since.say())
    keep = Text(
        "if all is sound, write the newest signed head there", "可信时将最新检查点写入该文件"
    )
    parser.add_argument("--keep", type=Path, metavar="FILE", help=keep.say())
    _settings_argument(parser)


def _verify(args: argparse.Namespace) -> int:
    from cloud_bridge.keeping.terminal import verify  # noqa: PLC0415 - see _backup

    text, sound = verify(
        args.settings, args.jobs, as_json=args.json, since=args.since, keep=args.keep
    )
    print(text)
    return 0 if sound else 1


def _prove_arguments(parser: argparse.ArgumentParser) -> None:
    code = Text("pack code, or scheme:id", "电池编码，或 类型:标识").say()
    url = Text("ask a running bridge instead", "改为询问运行中的云桥").say()
    file = Text("the file to write; CODE.json without", "写入的文件，默认为 编码.json").say()
    parser.add_argument("code", help=code)
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help=file)
    sample = Text(
        "the chunk that holds this moment (RFC 3339, UTC), with its day's root",
        "包含该时刻（RFC 3339，UTC）的数据块及当日的根",
    )
    parser.add_argument("--sample", metavar="TIME", help=sample.say())
    copy = Text(
        "with --sample: a copy of the sealed chunk, kept elsewhere, if it was retired here",
        "配合 --sample：本处已清除时，他处保存的密封数据块副本",
    )
    parser.add_argument("--copy", type=Path, metavar="FILE", help=copy.say())
    parser.add_argument("--url", help=url)
    key_file_argument(parser)
    _settings_argument(parser)


def _prove(args: argparse.Namespace) -> int:
    from cloud_bridge.desk import proof  # noqa: PLC0415 - see _backup

    if args.sample:
        return _prove_sample(args)
    found = proof(args.code, args.settings, args.url, args.key_file)
    target = args.output or Path(f"{found.unit.id}.json")
    _write(target, found)
    facts, size = len(found.facts), target.stat().st_size
    check = f"packtrail id verify {target} --key …"
    print(
        Text(
            f"{target}: {facts} facts, {size} bytes; check it offline with `{check}`",
            f"{target}：{facts} 条事实，{size} 字节；离线核验：{check}",
        ).say()
    )
    return 0


def _prove_sample(args: argparse.Namespace) -> int:
    from cloud_bridge.keeping.terminal import prove_sample  # noqa: PLC0415 - see _backup

    found = prove_sample(args.code, args.settings, args.sample, args.copy)
    target = args.output or Path(f"{found.pack.unit.id}-{found.day}.json")
    _write(target, found)
    check = f"packtrail id verify {target} --key …"
    print(
        Text(
            f"{target}: a chunk of {found.day}; check it offline with `{check}`",
            f"{target}：{found.day} 的数据块；离线核验：{check}",
        ).say()
    )
    return 0


def _write(target: Path, found: object) -> None:
    import msgspec  # noqa: PLC0415 - see _backup

    from packtrail.errors import os_fault  # noqa: PLC0415 - see _backup

    try:
        target.write_bytes(msgspec.json.encode(found))
    except OSError as error:
        raise os_fault(error, target) from error


PROVE = Command(
    Text("write a pack's whole story as a proof to a file", "将电池包完整履历证明写入文件"),
    _prove_arguments,
    _prove,
)
BACKUP = Command(
    Text(
        "write the whole store to one file, while the bridge runs", "在线备份整个数据库到一个文件"
    ),
    _file_arguments,
    _backup,
)
RESTORE = Command(
    Text("put a backup into an empty place", "将备份恢复到空的位置"), _restore_arguments, _restore
)
VERIFY = Command(
    Text(
        "check the whole store: every signature, line, tree node, head, index and chunk",
        "核验整个数据库：签名、账本行、树节点、检查点、索引与数据块",
    ),
    _verify_arguments,
    _verify,
)
