"""`packtrail key new|show`: signing keys for gateways, bridges and makers."""

from __future__ import annotations

import argparse
from pathlib import Path

from packtrail.command import Command
from packtrail.errors import PacktrailError
from packtrail.language import Text
from packtrail.signing import SigningKey


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help=Text("the key file", "密钥文件").say())


def _new(args: argparse.Namespace) -> int:
    if args.file.exists():
        raise PacktrailError(
            Text("the file exists and is left as it is", "文件已存在，保持不变"),
            where=str(args.file),
            hint=Text("choose another name", "请换一个文件名"),
        )
    SigningKey.generate().save(args.file)
    return _show(args)


def _show(args: argparse.Namespace) -> int:
    public = SigningKey.load(args.file).public
    print(f"key_id     {public.key_id}\npublic_key {public.text}")  # noqa: T201 - a command prints
    return 0


NEW = Command(Text("make a new Ed25519 key", "生成新的 Ed25519 密钥"), _arguments, _new)
SHOW = Command(Text("show the public half of a key", "显示密钥的公钥部分"), _arguments, _show)
