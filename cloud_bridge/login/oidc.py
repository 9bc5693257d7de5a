"""OpenID Connect for people: authorization code flow with PKCE, state and nonce, by discovery.

OpenID Connect Core 1.0 section 3.1 and Discovery 1.0, RFC 7636 (S256), RFC 9207 where the provider
has it. Authlib speaks OAuth, joserfc checks signatures. An errand that is under way lies in the
store and serves once; the browser holds its name.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from cloud_bridge.access.visitor import Mandate
from cloud_bridge.errors import BridgeError
from cloud_bridge.login.settings import OidcSettings
from cloud_bridge.store.accounts import Accounts
from packtrail.language import Text
from packtrail.settings import secret

ERRAND_NS: Final = 600 * 10**9
"""So long somebody may take at the provider."""
WAIT_S: Final = 10.0
LEEWAY_S: Final = 60
"""A provider's clock may be so much off."""
ALGORITHMS: Final = [f"{family}{size}" for family in ("RS", "PS", "ES") for size in (256, 384, 512)]
"""Signatures that are believed: no `none`, and none by a shared secret."""
KNOWN_NS: Final = 3600 * 10**9
"""So long the provider's description and keys are kept; an unknown key asks again at once."""


class Errand(msgspec.Struct, frozen=True):
    """What has to be known again on the return."""

    state: str
    nonce: str
    verifier: str
    back: str
    wanted: str


@dataclass(frozen=True, slots=True)
class Told:
    """Whom the provider vouches for.

    Attributes:
        name: as he is shown.
        mandate: what his claim makes of him.
        wanted: the page that he was on his way to.
    """

    name: str
    mandate: Mandate
    wanted: str


class Provider:
    """One provider.

    Args:
        settings: which, and what its claims mean.
        accounts: where errands are kept.
        now: UTC ns.

    Raises:
        PacktrailError: the variable of the secret is not set.
        BridgeError: the libraries are not installed.
    """

    def __init__(self, settings: OidcSettings, accounts: Accounts, now: Callable[[], int]) -> None:
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
        self.label = settings.label or str(urlsplit(settings.issuer).hostname)
        self._settings = settings
        self._secret = secret(settings.secret_env) if settings.secret_env else None
        self._accounts = accounts
        self._now = now
        self._described: tuple[int, dict[str, Any]] = (0, {})
        self._keys: tuple[int, dict[str, Any]] = (0, {})

    def start(self, back: str, wanted: str) -> tuple[str, str]:
        """Send somebody to the provider.

        Args:
            back: our address that the provider sends him back to.
            wanted: the page that he is on his way to.

        Returns:
            Where to go, and what his browser's cookie holds meanwhile.

        Raises:
            BridgeError: the provider does not answer, or is not what it says.
        """
        errand = Errand(
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(48),
            back,
            wanted,
        )
        url, _ = self._client(errand).create_authorization_url(
            self._endpoint("authorization_endpoint"),
            state=errand.state,
            nonce=errand.nonce,
            code_verifier=errand.verifier,
        )
        name, now_ns = secrets.token_urlsafe(24), self._now()
        content = msgspec.json.encode(errand).decode()
        self._accounts.put_errand(_digest(name), content, now_ns, now_ns - ERRAND_NS)
        return str(url), name

    def returned(self, name: str, state: str, code: str, error: str = "") -> Told:
        """Somebody comes back.

        Args:
            name: what his cookie holds.
            state: as the provider gave it back.
            code: what the provider gave him for us.
            error: what it says instead, "" for nothing.

        Raises:
            BridgeError: he was never sent, it took too long, the provider refuses the code or
                signs something else, or nothing that it says of him has a role here.
        """
        content = self._accounts.take_errand(_digest(name), self._now() - ERRAND_NS)
        errand = msgspec.json.decode(content, type=Errand) if content else None
        if errand is None or not hmac.compare_digest(errand.state.encode(), state.encode()):
            raise _refused(_NOT_BEGUN, _TOO_LATE)
        if error or not code:
            raise _refused(f"the provider says: {_plain(error) or 'nothing'}", _AGAIN)
        claims = self._claims(errand, code)
        told = claims.get(self._settings.name_claim)
        shown = told if isinstance(told, str) and told else str(claims["sub"])
        return Told(_plain(shown), self._mandate(claims), errand.wanted)

    def described(self) -> Mapping[str, Any]:
        """The discovery document.

        Raises:
            BridgeError: the provider does not answer, or is not what it says.
        """
        read_ns, known = self._described
        if not known or self._now() - read_ns > KNOWN_NS:
            issuer = self._settings.issuer
            known = self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            if known.get("issuer") != issuer:
                raise _refused(
                    f"the provider calls itself {str(known.get('issuer'))[:200]}",
                    Text("correct login.oidc.issuer", "请更正 login.oidc.issuer"),
                )
            self._described = self._now(), known
        return known

    def _claims(self, errand: Errand, code: str) -> dict[str, Any]:
        """What the ID token says, all of it checked (Core 1.0, section 3.1.3.7)."""
        from authlib.integrations.base_client import OAuthError  # noqa: PLC0415 - an extra
        from requests import RequestException  # noqa: PLC0415 - an extra

        try:
            token = self._client(errand).fetch_token(
                self._endpoint("token_endpoint"),
                grant_type="authorization_code",
                code=code,
                code_verifier=errand.verifier,
                timeout=WAIT_S,
                allow_redirects=False,
            )
        except OAuthError as error:
            raise _refused(f"the provider refuses: {error.error}", _AGAIN) from error
        except (RequestException, ValueError) as error:
            raise _silent(self._settings.issuer, error) from error
        return self._checked(str(token.get("id_token", "")), errand.nonce)

    def _checked(self, id_token: str, nonce: str) -> dict[str, Any]:
        from joserfc import jwt  # noqa: PLC0415 - an extra
        from joserfc.errors import JoseError  # noqa: PLC0415 - an extra
        from joserfc.jwk import KeySet  # noqa: PLC0415 - an extra

        rules = jwt.JWTClaimsRegistry(
            now=self._now() // 10**9,
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self._settings.issuer},
            aud={"essential": True, "value": self._settings.client_id},
            nonce={"essential": True, "value": nonce},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )
        why: Exception | None = None
        for fresh in (False, True):  # a key that is unknown may be a new one
            try:
                keys = KeySet.import_key_set(self._key_set(fresh=fresh))  # type: ignore[arg-type]
                claims = dict(jwt.decode(id_token, keys, algorithms=ALGORITHMS).claims)
                rules.validate(claims)
                self._check_party(claims)
            except (JoseError, ValueError, KeyError, TypeError) as error:
                why = error
            else:
                return claims
        raise _refused(f"what the provider signed does not hold: {why}", _AGAIN) from why

    def _check_party(self, claims: Mapping[str, Any]) -> None:
        """Of several audiences, the authorised party has to be us."""
        audience = claims["aud"]
        many = isinstance(audience, list) and len(audience) > 1
        if (
            claims.get("azp", None if many else self._settings.client_id)
            != self._settings.client_id
        ):
            raise ValueError("it is for another client (azp)")

    def _mandate(self, claims: Mapping[str, Any]) -> Mandate:
        found: Any = claims
        for part in self._settings.claim.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        values = {str(one) for one in (found if isinstance(found, list) else [found])}
        for grant in self._settings.grant:
            if grant.value in values:
                return Mandate(grant.role, grant.purposes, grant.codes)
        raise _refused(
            _NO_ROLE,
            Text("ask the operator of this bridge for one", "请联系本云桥的运营者授予角色"),
        )

    def _key_set(self, *, fresh: bool) -> dict[str, Any]:
        read_ns, known = self._keys
        if fresh or not known or self._now() - read_ns > KNOWN_NS:
            known = self._get(self._endpoint("jwks_uri"))
            self._keys = self._now(), known
        return known

    def _endpoint(self, name: str) -> str:
        url = str(self.described().get(name, ""))
        if not url.startswith(("https://", self._settings.issuer.partition("://")[0] + "://")):
            raise _refused(f"the provider names no {name} over TLS", _AGAIN)
        return url

    def _get(self, url: str) -> dict[str, Any]:
        import requests  # noqa: PLC0415 - an extra

        try:
            answer = requests.get(url, timeout=WAIT_S, allow_redirects=False)
            answer.raise_for_status()
            return msgspec.json.decode(answer.content, type=dict[str, Any])
        except (requests.RequestException, msgspec.DecodeError) as error:
            raise _silent(url, error) from error

    def _client(self, errand: Errand) -> Any:
        from authlib.integrations.requests_client import OAuth2Session  # noqa: PLC0415 - an extra

        return OAuth2Session(
            self._settings.client_id,
            self._secret,
            token_endpoint_auth_method=self._method(),
            scope=" ".join(self._settings.scopes),
            redirect_uri=errand.back,
            code_challenge_method="S256",
        )

    def _method(self) -> str:
        """How the client proves itself; `client_secret_basic` where nothing is said (RFC 8414)."""
        if self._secret is None:
            return "none"
        offered = self.described().get("token_endpoint_auth_methods_supported", [])
        post = "client_secret_post"
        return post if post in offered and "client_secret_basic" not in offered else _BASIC


_BASIC: Final = "client_secret_basic"
_AGAIN: Final = Text("log in again, or ask the operator", "请重新登录或联系运营者")
_TOO_LATE: Final = Text("log in again", "请重新登录")
_NOT_BEGUN: Final = Text(
    "this login was not begun here, or took too long", "本次登录并非由此发起，或已超时"
)
_NO_ROLE: Final = Text(
    "the provider knows you, but you have no role here",
    "身份提供方已确认您的身份，但您在此没有角色",
)


def _refused(why: Text | str, hint: Text) -> BridgeError:
    told = why if isinstance(why, Text) else Text(why, f"身份提供方登录失败：{why}")
    return BridgeError(told, where="login.oidc", hint=hint)


def _silent(where: str, error: Exception) -> BridgeError:
    return BridgeError(
        Text(f"the provider does not answer: {error}", f"身份提供方无应答：{error}"),
        where=where,
        hint=Text("check login.oidc and the provider", "请检查 login.oidc 与身份提供方"),
        retryable=True,
    )


def _plain(name: str) -> str:
    """A name that cannot be taken for something else in a log line."""
    return "".join(letter for letter in name if letter.isprintable())[:128]


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
