"""`packtrail scan`: its arguments; the work is loaded when it runs."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

from packtrail.arguments import number_between, whole_between
from packtrail.command import Command
from packtrail.language import Text


def _arguments(parser: argparse.ArgumentParser) -> None:
    def say(en: str, zh: str) -> str:
        return Text(en, zh).say()

    source = parser.add_mutually_exclusive_group()
    channel = say("bus of the adapter, such as can0", "适配器通道，例如 can0")
    source.add_argument("--channel", default="can0", metavar="C", help=channel)
    log = say("read a recording instead", "改为读取录制的日志")
    source.add_argument("--log", type=Path, metavar="F", help=log)
    interface = say("python-can's name of the adapter", "python-can 适配器名称")
    parser.add_argument("--interface", default="socketcan", metavar="I", help=interface)
    rate = say("bit/s; left out where the system sets it", "波特率；由系统设定时不填")
    parser.add_argument("--bitrate", type=whole_between(10_000, 1_000_000), metavar="N", help=rate)
    seconds = say("how long to listen", "监听时长（秒）")
    parser.add_argument(
        "--seconds", type=number_between(1, 3600), default=60.0, metavar="S", help=seconds
    )
    profile = say("profile; by default the one that fits best", "车型配置；默认自动匹配")
    parser.add_argument("--profile", default="", metavar="P", help=profile)
    dbc = say("layouts; may be repeated", "DBC 文件，可重复")
    parser.add_argument("--dbc", type=Path, action="append", default=[], metavar="F", help=dbc)
    label = say("the label as scanned or typed", "扫描或输入的标签内容")
    parser.add_argument("--label", default="", metavar="CODE", help=label)
    spec = say("the pack's type, for the state of health", "电池规格文件，用于估计健康状态")
    parser.add_argument("--spec", type=Path, metavar="F", help=spec)
    key = say("signs the report", "用于签署报告的密钥")
    parser.add_argument("--key", type=Path, metavar="F", help=key)
    out = say("the page to write; print it from any browser", "报告文件，可由浏览器打印")
    parser.add_argument("-o", "--out", type=Path, metavar="F", help=out)


def _scan(args: argparse.Namespace) -> int:
    code: int = import_module("gateway.scan.terminal").scan(args)
    return code


SCAN = Command(
    Text("read a pack at the bench and print its report", "在维修台读取电池包并出具报告"),
    _arguments,
    _scan,
)
