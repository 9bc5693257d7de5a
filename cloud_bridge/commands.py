"""`packtrail bridge init|trust|check|run` and `packtrail id show|verify`."""

from __future__ import annotations

import argparse
from pathlib import Path

from packtrail.arguments import number_between
from packtrail.command import Command
from packtrail.language import Text

SETTINGS = Text("the bridge's settings file", "云桥配置文件")


def _settings_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--settings", type=Path, default=Path("bridge.toml"), help=SETTINGS.say())


def _init_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder",
        type=Path,
        help=Text("where to put settings and key", "存放配置与密钥的目录").say(),
    )


def _init(args: argparse.Namespace) -> int:
    from cloud_bridge.setup import init  # noqa: PLC0415 - `--help` loads nothing more

    for line in init(args.folder):
        print(line.say())
    return 0


def _trust_arguments(parser: argparse.ArgumentParser) -> None:
    party = Text("who it is, such as a gateway's id", "对方名称，例如网关编号")
    key = Text("its public key, as `packtrail key show --public` prints it", "其公钥")
    from packtrail.event import Role  # noqa: PLC0415 - see _init

    role = Text("what it is, and hence what it may state", "其身份，决定可陈述的事件")
    site = Text("a site that it may speak of; any without", "可上报的场站；不指定则不限")
    parser.add_argument("party", help=party.say())
    parser.add_argument("public_key", help=key.say())
    parser.add_argument(
        "--role",
        default="gateway",
        choices=list(Role),
        help=role.say(),
    )
    parser.add_argument("--site", action="append", default=[], help=site.say())
    _settings_argument(parser)


def _trust(args: argparse.Namespace) -> int:
    from cloud_bridge.enrol import enrol  # noqa: PLC0415 - see _init
    from packtrail.event import Role  # noqa: PLC0415 - see _init

    sites = tuple(args.site)
    print(enrol(args.settings, args.party, args.public_key, Role(args.role), sites).say())
    return 0


def _check(args: argparse.Namespace) -> int:
    from cloud_bridge.setup import check  # noqa: PLC0415 - see _init

    findings = check(args.settings)
    for finding in findings:
        print(finding.line())
    if any(not finding.ok for finding in findings):
        return 2
    print(Text("ready to run", "可以运行").say())
    return 0


def _run(args: argparse.Namespace) -> int:
    from cloud_bridge.run import run  # noqa: PLC0415 - see _init
    from cloud_bridge.settings import BridgeSettings  # noqa: PLC0415 - see _init
    from packtrail import logs  # noqa: PLC0415 - see _init
    from packtrail.settings import load  # noqa: PLC0415 - see _init

    settings = load(BridgeSettings, args.settings)
    logs.configure()
    return run(settings, lambda url: print(url, flush=True), args.settings)


def _refused_arguments(parser: argparse.ArgumentParser) -> None:
    record = Text("one record to open: gateway/epoch/seq", "打开一条记录：网关/纪元/序号")
    strangers = Text("messages without a trusted key instead", "改为列出无可信签名的消息")
    target = Text("write the record's bytes to this file", "将记录原始字节写入文件")
    parser.add_argument("record", nargs="?", help=record.say())
    parser.add_argument("--gateway", help=Text("of this gateway only", "仅限此网关").say())
    parser.add_argument("--limit", type=int, default=50, help=Text("at most", "最多条数").say())
    parser.add_argument("--strangers", action="store_true", help=strangers.say())
    parser.add_argument("-o", "--output", type=Path, help=target.say())
    _settings_argument(parser)


def _refused(args: argparse.Namespace) -> int:
    from cloud_bridge.ingest import inspection  # noqa: PLC0415 - see _init
    from cloud_bridge.settings import BridgeSettings  # noqa: PLC0415 - see _init
    from cloud_bridge.store.opening import open_existing  # noqa: PLC0415 - see _init
    from packtrail.settings import load  # noqa: PLC0415 - see _init

    address = inspection.parse_address(args.record) if args.record else None
    store = open_existing(load(BridgeSettings, args.settings).store)
    try:
        if address:
            lines = inspection.opened(store, address, args.output)
        elif args.strangers:
            lines = inspection.stranger_lines(store, max(args.limit, 1))
        else:
            lines = inspection.refused_lines(store, args.gateway, max(args.limit, 1))
    finally:
        store.close()
    print("\n".join(lines))
    return 0


def _rebuild_arguments(parser: argparse.ArgumentParser) -> None:
    name = Text("influx, lake or hook:NAME, as in the settings", "influx、lake 或 hook:名称")
    parser.add_argument("projection", help=name.say())
    _settings_argument(parser)


def _rebuild(args: argparse.Namespace) -> int:
    from cloud_bridge.setup import rebuild_projection  # noqa: PLC0415 - see _init

    print(rebuild_projection(args.settings, args.projection).say())
    return 0


def _id_arguments(parser: argparse.ArgumentParser, more: Text | None = None) -> None:
    code = Text("pack code, or scheme:id", "电池编码，或 类型:标识").say()
    parser.add_argument("code", help=f"{code} {more.say()}" if more else code)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--settings", type=Path, default=Path("bridge.toml"), help=SETTINGS.say())
    source.add_argument(
        "--url", help=Text("ask a running bridge instead", "改为询问运行中的云桥").say()
    )
    key_file_argument(parser)
    parser.add_argument(
        "--json", action="store_true", help=Text("machine-readable", "机器可读输出").say()
    )


def key_file_argument(parser: argparse.ArgumentParser) -> None:
    """Where the key lies that a guarded bridge is shown."""
    words = Text(
        "with --url: a file that holds the API key to show; else PACKTRAIL_API_KEY",
        "配合 --url：存放 API 密钥的文件；否则用环境变量 PACKTRAIL_API_KEY",
    )
    parser.add_argument("--key-file", type=Path, metavar="FILE", help=words.say())


def _verify_arguments(parser: argparse.ArgumentParser) -> None:
    file = Text("or a proof in a file, checked offline", "或证明文件，离线核验")
    _id_arguments(parser, file)
    parser.add_argument(
        "--key",
        help=Text(
            "the bridge's public key, for --url and for a file", "云桥公钥，用于 --url 与证明文件"
        ).say(),
    )
    _witness_argument(parser)
    openings = Text(
        "with a proof: a file of openings, as /api/v1/vehicles/VIN/openings gives it",
        "配合证明文件：openings 接口的应答文件，用于核对承诺值",
    )
    parser.add_argument("--openings", type=Path, metavar="FILE", help=openings.say())


def _witness_argument(parser: argparse.ArgumentParser) -> None:
    witness = Text(
        "a witness that has to have cosigned the file's head; may be repeated",
        "要求该见证方已联署文件中的检查点，可重复",
    )
    parser.add_argument("--witness", action="append", default=[], metavar="KEY", help=witness.say())


def _show(args: argparse.Namespace) -> int:
    from cloud_bridge.desk import show  # noqa: PLC0415 - see _init

    text = show(args.code, args.settings, args.url, as_json=args.json, key_file=args.key_file)
    print(text)
    return 0


def _verify(args: argparse.Namespace) -> int:
    from cloud_bridge.ledger.offline import proof_file  # noqa: PLC0415 - see _init

    file = proof_file(args.code)
    if file:
        text, sound = _verified(file, args)
        print(text)
        return 0 if sound else 1
    from cloud_bridge.desk import verify  # noqa: PLC0415 - see _init

    text, sound = verify(
        args.code, args.settings, args.url, args.key, as_json=args.json, key_file=args.key_file
    )
    print(text)
    return 0 if sound else 1


def _verified(file: Path, args: argparse.Namespace) -> tuple[str, bool]:
    """A certificate says what it is; anything else in a file has to be a proof."""
    from cloud_bridge.ledger.offline import certificate_in, verify_file  # noqa: PLC0415 - see _init

    certificate = certificate_in(file)
    if certificate is None:
        more = {"as_json": args.json, "openings": args.openings}
        return verify_file(file, args.key, args.witness, **more)
    from cloud_bridge.appraisal.at_terminal import verify_certificate  # noqa: PLC0415 - see _init

    return verify_certificate(file, certificate, args.key, as_json=args.json)


def _ask_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("gateway", help=Text("the gateway's id", "网关编号").say())
    what = Text("what to ask for", "请求内容").say()
    parser.add_argument("what", choices=("reading", "settings", "log-level"), help=what)
    words = Text("SLOT, NAME=VALUE ..., or LEVEL", "仓位、名称=值 …，或日志级别").say()
    parser.add_argument("words", nargs="+", help=words)
    undone = Text("seconds until an unconfirmed change is undone", "未确认的更改多少秒后撤销")
    parser.add_argument(
        "--confirm", type=number_between(10, 3600), default=120.0, metavar="S", help=undone.say()
    )
    wait = Text("seconds to wait for the answer", "等待应答的秒数").say()
    parser.add_argument(
        "--wait", type=number_between(0.1, 3600), default=30.0, metavar="S", help=wait
    )
    _settings_argument(parser)


def _ask(args: argparse.Namespace) -> int:
    from cloud_bridge.downlink.at_terminal import ask  # noqa: PLC0415 - see _init

    text, done = ask(args.settings, args.gateway, args.what, args.words, args.confirm, args.wait)
    print(text)
    return 0 if done else 1


def _ca_arguments(parser: argparse.ArgumentParser) -> None:
    broker = Text("also a server certificate for this broker", "同时为该消息代理签发服务器证书")
    parser.add_argument("--broker", default="", metavar="HOST", help=broker.say())
    _settings_argument(parser)


def _ca(args: argparse.Namespace) -> int:
    from cloud_bridge.enrolment.at_terminal import make_authority  # noqa: PLC0415 - see _init

    for line in make_authority(args.settings, args.broker):
        print(line.say())
    return 0


def _token_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("gateway", help=Text("the gateway's id", "网关编号").say())
    site = Text("a site that it may speak of; any without", "可上报的场站；不指定则不限").say()
    parser.add_argument("--site", action="append", default=[], help=site)
    hours = Text("how long the token is good", "令牌有效小时数").say()
    parser.add_argument(
        "--hours", type=number_between(0.01, 8760), default=24.0, metavar="H", help=hours
    )
    _settings_argument(parser)


def _token(args: argparse.Namespace) -> int:
    from cloud_bridge.enrolment.at_terminal import make_token  # noqa: PLC0415 - see _init

    print(make_token(args.settings, args.gateway, tuple(args.site), args.hours))
    return 0


def _sign_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("gateway", help=Text("the gateway's id", "网关编号").say())
    parser.add_argument("csr", type=Path, help=Text("its request", "其证书请求文件").say())
    parser.add_argument("out", type=Path, help=Text("the certificate", "证书文件").say())
    _settings_argument(parser)


def _sign(args: argparse.Namespace) -> int:
    from cloud_bridge.enrolment.at_terminal import sign_file  # noqa: PLC0415 - see _init

    print(sign_file(args.settings, args.gateway, args.csr, args.out).say())
    return 0


def _revoke_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("gateway", help=Text("the gateway's id", "网关编号").say())
    parser.add_argument("--reason", default="", help=Text("why", "原因").say())
    _settings_argument(parser)


def _revoke(args: argparse.Namespace) -> int:
    from cloud_bridge.enrolment.at_terminal import revoke  # noqa: PLC0415 - see _init

    print(revoke(args.settings, args.gateway, args.reason).say())
    return 0


CA = Command(
    Text("make the certificate authority for gateways", "建立网关证书机构"), _ca_arguments, _ca
)
TOKEN = Command(
    Text("a one-time token to enrol a gateway with", "生成网关登记用的一次性令牌"),
    _token_arguments,
    _token,
)
SIGN = Command(
    Text("sign a gateway's certificate request from a file", "签署以文件送达的网关证书请求"),
    _sign_arguments,
    _sign,
)
REVOKE = Command(
    Text("take certificate and voice from a gateway", "吊销网关的证书与上报权限"),
    _revoke_arguments,
    _revoke,
)
ASK = Command(
    Text(
        "ask a gateway: a fresh reading, other settings, more log",
        "向网关发令：即时读数、修改配置、调整日志级别",
    ),
    _ask_arguments,
    _ask,
)
INIT = Command(
    Text("make a key and settings to begin with", "生成密钥与初始配置"), _init_arguments, _init
)
TRUST = Command(
    Text("let a key speak, from the next start on", "登记可信公钥，下次启动时生效"),
    _trust_arguments,
    _trust,
)
CHECK = Command(
    Text("check settings, key, store, port and broker", "检查配置、密钥、数据库、端口与消息代理"),
    _settings_argument,
    _check,
)
RUN = Command(Text("run the bridge", "运行云桥"), _settings_argument, _run)
REFUSED = Command(
    Text("list refused records, or open one", "列出或打开被拒绝的记录"),
    _refused_arguments,
    _refused,
)
REBUILD = Command(
    Text("make a projection again from the beginning", "从头重建一个投影"),
    _rebuild_arguments,
    _rebuild,
)
SHOW = Command(Text("show a pack's digital ID", "查看电池包的数字身份证"), _id_arguments, _show)
VERIFY = Command(
    Text("verify a pack's digital ID and say what was checked", "核验数字身份证并说明检查项"),
    _verify_arguments,
    _verify,
)
