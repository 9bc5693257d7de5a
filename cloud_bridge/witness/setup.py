"""A witness from its folder and its arguments."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from cloud_bridge.errors import BridgeError
from cloud_bridge.witness.protocol import Witness
from cloud_bridge.witness.server import WitnessServer
from packtrail.errors import os_fault
from packtrail.language import Text
from packtrail.signing import SigningKey, VerifyKey


def open_witness(
    folder: Path, name: str, logs: Sequence[str], host: str, port: int
) -> WitnessServer:
    """Make the key where there is none yet, and listen.

    Args:
        folder: of key and heads.
        name: of the witness.
        logs: `ORIGIN=KEY` each.
        host: where to listen.
        port: 0 for a free one.

    Raises:
        PacktrailError: a log cannot be read, or folder or port cannot be used.
    """
    known = dict(_log(text) for text in logs)
    if "+" in name or not name.isprintable() or " " in name or not name:
        raise BridgeError(
            Text("a name has neither + nor spaces", "名称不得含 + 或空格"), where=name
        )
    key_file = folder / "witness.key"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not key_file.exists():
            SigningKey.generate().save(key_file)
        key = SigningKey.load(key_file)
        witness = Witness(name, key, known, folder, lambda: int(time.time()))
        return WitnessServer(witness, host, port)
    except OSError as error:
        raise os_fault(error, folder) from error


def _log(text: str) -> tuple[str, VerifyKey]:
    origin, separator, key = text.partition("=")
    if not separator or not origin:
        raise BridgeError(
            Text("not ORIGIN=KEY", "格式应为 ORIGIN=KEY"),
            where=text[:100],
            hint=Text("origin and key stand in /api/v1/checkpoint", "见 /api/v1/checkpoint"),
        )
    return origin, VerifyKey.from_text(key)
