"""Questions over HTTP: with a key, in a language, with an end to waiting and to what is read.

No redirection is followed: a key goes to the address that was named and to no other.
"""

from __future__ import annotations

import http.client
import urllib.request
from collections.abc import Mapping
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlencode, urlsplit

import msgspec

from packtrail.client.errors import ClientError, UnreachableError, problem_of
from packtrail.language import Text, locale_language
from packtrail.shapes import from_json

JSON: Final = "application/json"
MOST_BYTES: Final = 64 * 1024 * 1024
WAIT_S: Final = 20.0
NO_KEY: Final = Text("holds no API key", "不是 API 密钥")
LOOKS_LIKE: Final = Text("it is one line that begins with pt_", "应为以 pt_ 开头的一行文本")

Shape = TypeVar("Shape", bound=msgspec.Struct)
Query = Mapping[str, str | int | None]


class Transport:
    """Asks one bridge.

    Args:
        url: where it answers, such as `https://id.example`.
        key: API key, "" for none.
        language: `en` or `zh`; that of the environment without.
        purpose: what restricted reads are for; the key's first without.
        timeout_s: how long a silence may last.

    Raises:
        ClientError: no http(s) address, or a text that is no key.
    """

    def __init__(
        self,
        url: str,
        key: str = "",
        *,
        language: str = "",
        purpose: str = "",
        timeout_s: float = WAIT_S,
    ) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ClientError(
                Text("not an http(s) address", "不是 http(s) 地址"),
                where=url,
                hint=Text("give one like http://127.0.0.1:8080", "例如 http://127.0.0.1:8080"),
            )
        if key and not (key.isascii() and key.isprintable() and " " not in key):
            raise ClientError(NO_KEY, where="key", hint=LOOKS_LIKE)
        self.url = url.rstrip("/")
        self._purpose = purpose
        self._timeout_s = timeout_s
        self._headers = {"Accept-Language": language or locale_language()}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    def get(self, path: str, shape: type[Shape], query: Query | None = None) -> Shape:
        """One JSON answer.

        Raises:
            ClientError: see `packtrail.client.errors`.
        """
        with self.open(path, query) as reply:
            return self._read(reply, shape, path)

    def post(self, path: str, body: bytes, shape: type[Shape], also: int = 200) -> Shape:
        """What became of something; a status `also` comes with an answer of that shape too.

        Raises:
            ClientError: see `packtrail.client.errors`.
        """
        headers = {"Content-Type": JSON}
        with self.open(path, body=body, headers=headers, also=also) as reply:
            return self._read(reply, shape, path)

    def open(
        self,
        path: str,
        query: Query | None = None,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        also: int = 200,
    ) -> http.client.HTTPResponse:
        """An answer to be read on; whoever asked closes it.

        Raises:
            ClientError: see `packtrail.client.errors`.
        """
        address = self._address(path, query or {})
        asked = urllib.request.Request(  # noqa: S310 - http(s) only, see above
            address, body, {**self._headers, **(headers or {})}
        )
        try:
            reply = cast(
                "http.client.HTTPResponse",
                _OPENER.open(asked, timeout=timeout_s or self._timeout_s),
            )
        except (OSError, http.client.HTTPException) as error:
            raise _silence(error, address) from error
        kind = reply.headers.get_content_type()
        if reply.status == 200 or (reply.status == also and kind == JSON):
            return reply
        with reply:
            raise _problem(reply, address)

    def _address(self, path: str, query: Query) -> str:
        asked = {**query, "purpose": self._purpose or None}
        pairs = {name: value for name, value in asked.items() if value is not None}
        return self.url + path + (f"?{urlencode(pairs)}" if pairs else "")

    def _read(self, reply: http.client.HTTPResponse, shape: type[Shape], path: str) -> Shape:
        try:
            return from_json(reply.read(MOST_BYTES), shape)
        except (OSError, http.client.HTTPException, msgspec.DecodeError, RecursionError) as error:
            raise _silence(error, self.url + path) from error


class _AsItCame(urllib.request.HTTPErrorProcessor):
    """Gives every answer back as it is: nothing is followed, and no status is an exception."""

    def http_response(
        self,
        request: urllib.request.Request,  # noqa: ARG002 - urllib names it
        response: http.client.HTTPResponse,
    ) -> http.client.HTTPResponse:
        return response

    https_response = http_response


_OPENER: Final = urllib.request.build_opener(_AsItCame)


def _silence(error: Exception, address: str) -> UnreachableError:
    return UnreachableError(Text(f"no answer: {error}", f"无应答：{error}"), address)


def _problem(reply: http.client.HTTPResponse, address: str) -> ClientError:
    """What the bridge said, in its own words where it says any."""
    try:
        said = from_json(reply.read(MOST_BYTES), dict[str, Any])
    except (OSError, http.client.HTTPException, msgspec.DecodeError, RecursionError):
        said = {}
    after = reply.headers.get("Retry-After", "")
    return problem_of(reply.status, said, address, float(after) if after.isdecimal() else None)
