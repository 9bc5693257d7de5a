"""A provider as it describes itself (OpenID Connect Discovery 1.0), and the keys it signs with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from cloud_bridge.errors import BridgeError
from packtrail.language import Text
from packtrail.shapes import from_json

WAIT_S: Final = 10.0
KNOWN_NS: Final = 3600 * 10**9
"""So long description and keys are kept; an unknown key asks again at once."""
ALGORITHMS: Final = [f"{family}{size}" for family in ("RS", "PS", "ES") for size in (256, 384, 512)]
"""Signatures that are believed: no `none`, and none by a shared secret."""
AGAIN: Final = Text("log in again, or ask the operator", "请重新登录或联系运营者")


class Discovery:
    """Asks one provider who it is.

    Args:
        issuer: as the settings name it.
        now: UTC ns.

    Raises:
        BridgeError: the libraries are not installed.
    """

    def __init__(self, issuer: str, now: Callable[[], int]) -> None:
        try:
            import authlib  # noqa: F401, PLC0415 - an extra
            import joserfc  # noqa: F401, PLC0415 - an extra
            import requests  # noqa: F401, PLC0415 - an extra
        except ImportError as error:
            raise BridgeError(
                Text("the library for OpenID Connect is not installed", "未安装 OpenID Connect 库"),
                where="login.oidc",
                hint=Text("pip install 'packtrail[oidc]'", "pip install 'packtrail[oidc]'"),
            ) from error
        self._issuer = issuer
        self._now = now
        self._described: tuple[int, dict[str, Any]] = (0, {})
        self._keys: tuple[int, dict[str, Any]] = (0, {})

    def described(self) -> Mapping[str, Any]:
        """The discovery document.

        Raises:
            BridgeError: the provider does not answer, or is not what it says.
        """
        read_ns, known = self._described
        if not known or self._now() - read_ns > KNOWN_NS:
            known = self._get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            if known.get("issuer") != self._issuer:
                raise refused(
                    f"the provider calls itself {str(known.get('issuer'))[:200]}",
                    Text("correct login.oidc.issuer", "请更正 login.oidc.issuer"),
                )
            self._described = self._now(), known
        return known

    def signed(self, token: str) -> dict[str, Any]:
        """What stands in a token that one of the provider's keys has signed.

        Raises:
            JoseError, ValueError: none of them has, or it is no token.
            BridgeError: the provider does not answer.
        """
        from joserfc import jwt  # noqa: PLC0415 - an extra
        from joserfc.errors import JoseError  # noqa: PLC0415 - an extra
        from joserfc.jwk import KeySet  # noqa: PLC0415 - an extra

        def decoded(keys: dict[str, Any]) -> dict[str, Any]:
            known = KeySet.import_key_set(keys)  # type: ignore[arg-type]
            return dict(jwt.decode(token, known, algorithms=ALGORITHMS).claims)

        try:
            return decoded(self._key_set(fresh=False))
        except (JoseError, ValueError):  # the provider may have a new key
            return decoded(self._key_set(fresh=True))

    def _key_set(self, *, fresh: bool) -> dict[str, Any]:
        read_ns, known = self._keys
        if fresh or not known or self._now() - read_ns > KNOWN_NS:
            known = self._get(self.endpoint("jwks_uri"))
            self._keys = self._now(), known
        return known

    def endpoint(self, name: str) -> str:
        """The address of one of its services; over TLS unless the provider is on this machine.

        Raises:
            BridgeError: it names none.
        """
        url = str(self.described().get(name, ""))
        if not url.startswith(("https://", self._issuer.partition("://")[0] + "://")):
            raise refused(f"the provider names no {name} over TLS", AGAIN)
        return url

    def _get(self, url: str) -> dict[str, Any]:
        import requests  # noqa: PLC0415 - an extra

        try:
            answer = requests.get(url, timeout=WAIT_S, allow_redirects=False)
            answer.raise_for_status()
            return from_json(answer.content, dict[str, Any])
        except (requests.RequestException, msgspec.DecodeError) as error:
            raise silent(url, error) from error


def refused(why: Text | str, hint: Text) -> BridgeError:
    """Somebody is not let in."""
    told = why if isinstance(why, Text) else Text(why, f"身份提供方登录失败：{why}")
    return BridgeError(told, where="login.oidc", hint=hint)


def silent(where: str, error: Exception) -> BridgeError:
    """The provider is away."""
    return BridgeError(
        Text(f"the provider does not answer: {error}", f"身份提供方无应答：{error}"),
        where=where,
        hint=Text("check login.oidc and the provider", "请检查 login.oidc 与身份提供方"),
        retryable=True,
    )
