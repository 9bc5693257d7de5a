"""`packtrail witness`: one small process that cosigns the heads of logs."""

from __future__ import annotations

import argparse
from pathlib import Path

from packtrail.command import Command
from packtrail.language import Text


def _arguments(parser: argparse.ArgumentParser) -> None:
    folder = Text("where its key and the last heads are kept", "存放密钥与最近检查点的目录").say()
    logs = Text("a log to witness, and the bridge's public key; may be repeated", "被见证的账本")
    name = Text("the witness's name in its cosignatures", "见证方名称").say()
    parser.add_argument("folder", type=Path, help=folder)
    parser.add_argument(
        "--log", action="append", required=True, metavar="ORIGIN=KEY", help=logs.say()
    )
    parser.add_argument("--name", default="witness.example/w1", help=name)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8490)


def _run(args: argparse.Namespace) -> int:
    import signal  # noqa: PLC0415 - `--help` loads nothing more
    import threading  # noqa: PLC0415 - see above

    from cloud_bridge.witness.setup import open_witness  # noqa: PLC0415 - see above
    from packtrail import logs  # noqa: PLC0415 - see above

    logs.configure()
    server = open_witness(args.folder, args.name, args.log, args.host, args.port)
    print(server.witness.public.text, flush=True)
    print(f"http://{args.host}:{server.server_address[1]}", flush=True)
    ended = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: ended.set())
    thread = server.start()
    ended.wait()
    server.shutdown()
    thread.join()
    server.server_close()
    return 0


WITNESS = Command(
    Text("keep the last head of a log, and cosign what continues it", "见证账本：只为延续者联署"),
    _arguments,
    _run,
)
