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


def _show_arguments(parser: argparse.ArgumentParser) -> None:
    _arguments(parser)
    parser.add_argument(
        "--public", action="store_true", help=Text("the public key alone", "仅显示公钥").say()
    )


def _new(args: argparse.Namespace) -> int:
    if args.file.exists():
        raise PacktrailError(
            Text("the file exists and is left as it is", "文件已存在，保持不变"),
            where=str(args.file),
            hint=Text("choose another name", "请换一个文件名"),
        )
    SigningKey.generate().save(args.file)
    _print(args.file)
    return 0


def _show(args: argparse.Namespace) -> int:
    if args.public:
        print(SigningKey.load(args.file).public.text)
    else:
        _print(args.file)
    return 0


def _print(file: Path) -> None:
    public = SigningKey.load(file).public
    print(f"key_id     {public.key_id}\npublic_key {public.text}")


NEW = Command(Text("make a new Ed25519 key", "生成新的 Ed25519 密钥"), _arguments, _new)
SHOW = Command(Text("show the public half of a key", "显示密钥的公钥部分"), _show_arguments, _show)
