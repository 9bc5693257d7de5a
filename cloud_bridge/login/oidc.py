"""OpenID Connect for people: authorization code flow with PKCE, state and nonce, by discovery.

OpenID Connect Core 1.0 section 3.1 and Discovery 1.0, RFC 7636 (S256), RFC 9207 where the provider
has it. Authlib speaks OAuth, joserfc checks signatures. An errand that is under way lies in the
store and serves once; the browser holds its name.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from cloud_bridge.access.visitor import Mandate
from cloud_bridge.login.discovery import AGAIN, WAIT_S, Discovery, refused, silent
from cloud_bridge.login.settings import OidcSettings
from cloud_bridge.store.accounts import Accounts
from packtrail.language import Text
from packtrail.settings import secret
from packtrail.shapes import from_json

ERRAND_NS: Final = 600 * 10**9
"""So long somebody may take at the provider."""
LEEWAY_S: Final = 60
"""A provider's clock may be so much off."""


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
        self.discovery = Discovery(settings.issuer, now)
        self.label = settings.label or str(urlsplit(settings.issuer).hostname)
        self._settings = settings
        self._secret = secret(settings.secret_env) if settings.secret_env else None
        self._accounts = accounts
        self._now = now

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
            self.discovery.endpoint("authorization_endpoint"),
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
        errand = from_json(content, Errand) if content else None
        if error:  # grants nothing, so it is told whosever it is
            raise refused(f"the provider says: {_word(error)}", AGAIN)
        if errand is None or not hmac.compare_digest(errand.state.encode(), state.encode()):
            raise refused(_NOT_BEGUN, _TOO_LATE)
        claims = self._claims(errand, code)
        told = claims.get(self._settings.name_claim)
        shown = told if isinstance(told, str) and told else str(claims["sub"])
        return Told(_plain(shown), self._mandate(claims), errand.wanted)

    def _claims(self, errand: Errand, code: str) -> dict[str, Any]:
        """What the ID token says, all of it checked (Core 1.0, section 3.1.3.7)."""
        from authlib.integrations.base_client import OAuthError  # noqa: PLC0415 - an extra
        from requests import RequestException  # noqa: PLC0415 - an extra

        try:
            token = self._client(errand).fetch_token(
                self.discovery.endpoint("token_endpoint"),
                grant_type="authorization_code",
                code=code,
                code_verifier=errand.verifier,
                timeout=WAIT_S,
                allow_redirects=False,
            )
        except OAuthError as error:
            raise refused(f"the provider refuses: {error.error}", AGAIN) from error
        except (RequestException, ValueError) as error:
            raise silent(self._settings.issuer, error) from error
        return self._checked(str(token.get("id_token", "")), errand.nonce)

    def _checked(self, id_token: str, nonce: str) -> dict[str, Any]:
        from joserfc import jwt  # noqa: PLC0415 - an extra
        from joserfc.errors import JoseError  # noqa: PLC0415 - an extra

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
        try:
            claims = self.discovery.signed(id_token)
            rules.validate(claims)
            self._check_party(claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise refused(f"what the provider signed does not hold: {error}", AGAIN) from error
        return claims

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
        raise refused(
            _NO_ROLE,
            Text("ask the operator of this bridge for one", "请联系本云桥的运营者授予角色"),
        )

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
        offered = self.discovery.described().get("token_endpoint_auth_methods_supported", [])
        post = "client_secret_post"
        return post if post in offered and "client_secret_basic" not in offered else _BASIC


_BASIC: Final = "client_secret_basic"
_TOO_LATE: Final = Text("log in again", "请重新登录")
_NOT_BEGUN: Final = Text(
    "this login was not begun here, or took too long", "本次登录并非由此发起，或已超时"
)
_NO_ROLE: Final = Text(
    "the provider knows you, but you have no role here",
    "身份提供方已确认您的身份，但您在此没有角色",
)


def _word(error: str) -> str:
    """An error code (RFC 6749, section 4.1.2.1) without anything that a link could say with it."""
    return "".join(re.findall(r"[A-Za-z0-9_]", error))[:60]


def _plain(name: str) -> str:
    """A name that cannot be taken for something else in a log line."""
    return "".join(letter for letter in name if letter.isprintable())[:128]


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
