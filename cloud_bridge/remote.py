"""A question to a running bridge over HTTP, with the key that it is to be shown."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec

from cloud_bridge.errors import BridgeError
from packtrail.client.errors import ForbiddenError, NotFoundError
from packtrail.client.transport import LOOKS_LIKE, NO_KEY, Transport
from packtrail.errors import os_fault
from packtrail.event import UnitRef
from packtrail.language import Text

KEY_VARIABLE: Final = "PACKTRAIL_API_KEY"

Shape = TypeVar("Shape", bound=msgspec.Struct)


def api_key(file: Path | None) -> str:
    """What a guarded bridge is shown: of a file, else of the environment; "" for nothing.

    Raises:
        PacktrailError: the file cannot be read.
    """
    if file is None:
        return os.environ.get(KEY_VARIABLE, "").strip()
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError):
            raise os_fault(error, file) from error
        raise BridgeError(NO_KEY, where=str(file), hint=LOOKS_LIKE) from error


def ask(url: str, unit: UnitRef, what: str, shape: type[Shape], token: str) -> Shape:
    """GET one JSON answer of a bridge about a pack; a token goes to that address and no other.

    Raises:
        PacktrailError: no answer, an unknown pack, or a reader who may not see it.
    """
    try:
        path = f"/api/v1/packs/{quote(str(unit), safe='')}/{what}"
        return Transport(url, token).get(path, shape)
    except NotFoundError as error:
        raise unknown(unit) from error
    except ForbiddenError as error:
        raise BridgeError(error.what, where=error.where, hint=_SHOW_KEY) from error


_SHOW_KEY: Final = Text(
    "show a key that may see it: --key-file FILE, or PACKTRAIL_API_KEY",
    "请出示有权查看的密钥：--key-file 文件，或环境变量 PACKTRAIL_API_KEY",
)


def unknown(unit: UnitRef) -> BridgeError:
    """Nobody ever spoke of a pack."""
    return BridgeError(
        Text("nothing was ever reported of this pack", "没有关于该电池包的任何记录"),
        where=str(unit),
        hint=Text("check the code", "请核对编码"),
    )
