"""`packtrail gateway init | enrol | check | run | watch | replay | backup | restore`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from packtrail.arguments import number_between
from packtrail.command import Command
from packtrail.language import Text


def _at_terminal(verb: str) -> Callable[[argparse.Namespace], int]:
    """A verb of `gateway.terminal`, loaded when it runs: `--help` stays quick."""

    def run(args: argparse.Namespace) -> int:
        code: int = getattr(import_module("gateway.terminal"), verb)(args)
        return code

    return run


def _settings_argument(parser: argparse.ArgumentParser) -> None:
    words = Text("the gateway's settings file", "网关配置文件")
    parser.add_argument("--settings", type=Path, required=True, metavar="F", help=words.say())


def _run_arguments(parser: argparse.ArgumentParser) -> None:
    _settings_argument(parser)
    words = Text("logs as JSON lines", "以 JSON 行输出日志")
    parser.add_argument("--json", action="store_true", default=None, help=words.say())


def _init_arguments(parser: argparse.ArgumentParser) -> None:
    def say(en: str, zh: str) -> str:
        return Text(en, zh).say()

    parser.add_argument("folder", type=Path, help=say("for settings and key", "配置与密钥的目录"))
    name = say("the gateway's id", "网关编号")
    parser.add_argument("--id", default="station-1", dest="name", help=name)
    site = say("the site's name", "站点名称")
    parser.add_argument("--site", default="site-1", help=site)
    key = say("the bridge's public key", "云桥公钥")
    parser.add_argument("--bridge-key", default="", metavar="KEY", help=key)


def _replay_arguments(parser: argparse.ArgumentParser) -> None:
    def say(en: str, zh: str) -> str:
        return Text(en, zh).say()

    log = say("candump, ASC, BLF, MF4 ..., or GB/T 32960", "CAN 日志或 GB/T 32960 报文文件")
    parser.add_argument("log", type=Path, help=log)
    _settings_argument(parser)
    profile = say("name or path of the profile, for a CAN log", "CAN 日志所用配置的名称或路径")
    parser.add_argument("--profile", default="", metavar="P", help=profile)
    pack = say(
        "its code, where no GB/T 32960 login tells it",
        "电池编码；GB/T 32960 登入报文已给出时可省略",
    )
    parser.add_argument("--pack", default="", metavar="CODE", help=pack)
    dbc = say("layouts; may be repeated", "DBC 文件，可重复")
    parser.add_argument("--dbc", type=Path, action="append", default=[], metavar="F", help=dbc)
    speed = say("recorded, max, or a factor", "recorded（原速）、max（最快）或倍数")
    parser.add_argument("--speed", default="max", type=_speed, metavar="N", help=speed)
    slot = say("slot that the pack seems to stand in", "视为所在的仓位")
    parser.add_argument("--slot", default="replay", help=slot)
    wait = say("seconds to wait for a receipt", "等待回执的秒数")
    parser.add_argument("--wait", type=number_between(0, 1e6), default=60.0, metavar="S", help=wait)


def _speed(text: str) -> float:
    if text in ("recorded", "max"):
        return 1.0 if text == "recorded" else 0.0
    return number_between(0.001, 1e6)(text)


def _enrol_arguments(parser: argparse.ArgumentParser) -> None:
    def say(en: str, zh: str) -> str:
        return Text(en, zh).say()

    _settings_argument(parser)
    url = say("the bridge's address, https://...", "云桥地址，https://…")
    parser.add_argument("--url", default="", help=url)
    token = say("the one-time token; without one, a renewal", "一次性令牌；不填则为续期")
    parser.add_argument("--token", default="", metavar="T", help=token)
    ca = say("who vouches for the bridge's HTTPS", "为云桥 HTTPS 作保的 CA 证书")
    parser.add_argument("--ca", type=Path, metavar="F", help=ca)
    csr = say("write a request for an authority of your own", "写出证书请求，交由自有 CA 签署")
    parser.add_argument("--csr", type=Path, metavar="F", help=csr)
    certificate = say("install what that authority gave", "安装该 CA 签发的证书")
    parser.add_argument("--certificate", type=Path, metavar="F", help=certificate)


def _watch_arguments(parser: argparse.ArgumentParser) -> None:
    _settings_argument(parser)
    words = Text("print one picture and end", "只输出一次并退出").say()
    parser.add_argument("--once", action="store_true", help=words)


def _file_arguments(parser: argparse.ArgumentParser) -> None:
    _settings_argument(parser)
    parser.add_argument("file", type=Path, help=Text("the backup", "备份文件").say())


RUN = Command(
    Text("read the buses and send what the packs tell", "读取总线并上传电池数据"),
    _run_arguments,
    _at_terminal("run"),
)
CHECK = Command(
    Text(
        "prove settings, adapters, key, disk and broker", "检查配置、适配器、密钥、磁盘与消息代理"
    ),
    _settings_argument,
    _at_terminal("check"),
)
INIT = Command(
    Text("make a key and a settings file to edit", "生成密钥与待编辑的配置文件"),
    _init_arguments,
    _at_terminal("init"),
)
REPLAY = Command(
    Text("run a recorded log through the same path", "将录制的日志按同一流程回放"),
    _replay_arguments,
    _at_terminal("replay"),
)
ENROL = Command(
    Text("make a key here and get its certificate", "在本机生成密钥并申请证书"),
    _enrol_arguments,
    _at_terminal("enrol"),
)
WATCH = Command(
    Text("watch the slots of a running gateway", "实时查看运行中网关的仓位"),
    _watch_arguments,
    _at_terminal("watch"),
)
BACKUP = Command(
    Text("save settings, keys and outbox in one file", "将配置、密钥与发件箱保存为一个文件"),
    _file_arguments,
    _at_terminal("backup"),
)
RESTORE = Command(
    Text("put a backup back; a new numbering begins", "恢复备份，并开始新的编号"),
    _file_arguments,
    _at_terminal("restore"),
)
