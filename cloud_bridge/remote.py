"""A question to a running bridge over HTTP, with the key that it is to be shown."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from cloud_bridge.errors import BridgeError
from packtrail.errors import os_fault
from packtrail.event import UnitRef
from packtrail.language import Text, locale_language
from packtrail.shapes import from_json

WAIT_S: Final = 20.0
MOST_BYTES: Final = 64 * 1024 * 1024
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
        raise os_fault(error, file) if isinstance(error, OSError) else _no_key(file) from error


def _no_key(where: object) -> BridgeError:
    return BridgeError(
        Text("holds no API key", "不是 API 密钥"),
        where=str(where),
        hint=Text("it is one line that begins with pt_", "应为以 pt_ 开头的一行文本"),
    )


def ask(url: str, unit: UnitRef, what: str, shape: type[Shape], token: str) -> Shape:
    """GET one JSON answer of a bridge; a token goes to the address that was named and no other.

    Raises:
        BridgeError: no answer, an unknown pack, or a reader who may not see it.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise BridgeError(
            Text("not an http(s) address", "不是 http(s) 地址"),
            where=url,
            hint=Text("give one like http://127.0.0.1:8080", "例如 http://127.0.0.1:8080"),
        )
    address = f"{url.rstrip('/')}/api/v1/packs/{quote(str(unit), safe='')}/{what}"
    try:
        with _OPENER.open(_request(address, token), timeout=WAIT_S) as reply:
            return from_json(reply.read(MOST_BYTES), shape)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            raise unknown(unit) from error
        raise _refusal(error, address) from error
    except (OSError, msgspec.DecodeError) as error:
        raise BridgeError(
            Text(f"no answer: {error}", f"无应答：{error}"),
            where=address,
            hint=Text("is the bridge running there?", "云桥是否在该地址运行？"),
            retryable=True,
        ) from error


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows nothing: a key must not travel to where a redirection points."""

    def redirect_request(self, *_args: Any) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(_Stay)


def _request(address: str, token: str) -> urllib.request.Request:
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        raise _no_key(KEY_VARIABLE)
    headers = {"Accept-Language": locale_language()}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return urllib.request.Request(address, headers=headers)  # noqa: S310 - http(s) only, see above


def _refusal(error: urllib.error.HTTPError, address: str) -> BridgeError:
    """What the bridge said, in its own words where it says any."""
    try:
        told = from_json(error.read(MOST_BYTES), dict[str, Any])
    except (OSError, msgspec.DecodeError):
        told = {}
    why = f": {told['detail']}" if isinstance(told.get("detail"), str) else ""
    asks = error.code in (401, 403)
    return BridgeError(
        Text(f"the bridge answers {error.code}{why}", f"云桥返回 {error.code}{why}"),
        where=address,
        hint=_SHOW_KEY if asks else Text("see the bridge's log", "请查看云桥日志"),
        retryable=not asks,
    )


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
