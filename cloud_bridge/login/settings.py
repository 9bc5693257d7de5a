"""The `[login]` table of a bridge's settings."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from cloud_bridge.access.fields import Purpose, Reader
from cloud_bridge.access.visitor import Mandate
from packtrail.settings import Settings


class MandateSettings(Settings):
    """As what somebody reads."""

    role: Reader
    purposes: Annotated[tuple[Purpose, ...], Field(min_length=1)]
    codes: tuple[str, ...] = ()
    """For codes that begin so; for all without."""

    @field_validator("role")
    @classmethod
    def _is_somebody(cls, role: Reader) -> Reader:
        if role is Reader.PUBLIC:
            raise ValueError("the public needs no login and no certificate")
        return role


class OidcGrantSettings(MandateSettings):
    """What a value of the provider's claim makes of somebody; the first that fits counts."""

    value: Annotated[str, Field(min_length=1)]


class OidcSettings(Settings):
    """An OpenID Connect provider where people log in."""

    issuer: Annotated[str, Field(pattern=r"^https?://[^\s?#@]+$")]
    """As its discovery document says it; `/.well-known/openid-configuration` follows it."""
    client_id: Annotated[str, Field(min_length=1)]
    secret_env: str = ""
    """The variable that holds the client's secret; a public client has none (PKCE serves)."""
    scopes: tuple[str, ...] = ("openid", "profile")
    claim: Annotated[str, Field(min_length=1)] = "groups"
    """Where the ID token says what somebody is; dots lead into objects: `realm_access.roles`."""
    name_claim: str = "preferred_username"
    """What he is called in pages and in the log of reads; without it, his `sub`."""
    label: str = ""
    """What the button says; without it, the issuer's host name."""
    grant: Annotated[tuple[OidcGrantSettings, ...], Field(min_length=1)]

    @field_validator("issuer")
    @classmethod
    def _is_over_tls(cls, issuer: str) -> str:
        host = issuer.partition("://")[2].partition("/")[0].rpartition(":")[0] or issuer
        local = host in ("127.0.0.1", "localhost", "[::1]")
        if issuer.startswith("http://") and not local:
            raise ValueError("https, unless the provider is on this machine")
        return issuer

    @field_validator("scopes")
    @classmethod
    def _asks_for_an_id_token(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in scopes:
            raise ValueError("openid has to be among them")
        return scopes


class Factor(StrEnum):
    """Whether people who log in with a password may or must tell a code as well."""

    OFF = "off"
    OFFERED = "offered"
    REQUIRED = "required"


class FactorRuleSettings(Settings):
    """Another policy for some people; what is left empty fits all."""

    policy: Factor
    roles: tuple[Reader, ...] = ()
    purposes: tuple[Purpose, ...] = ()
    """Who may read for one of these."""
    all_codes: bool = False
    """Only who reads for all codes."""

    def fits(self, mandate: Mandate) -> bool:
        """Whether it speaks of somebody."""
        return (
            (not self.roles or mandate.role in self.roles)
            and (not self.purposes or not set(self.purposes).isdisjoint(mandate.purposes))
            and (not self.all_codes or not mandate.codes)
        )


class LoginSettings(Settings):
    """How people log in."""

    password: bool = True
    """People of `packtrail bridge people` may."""
    second_factor: Factor = Factor.OFFERED
    """For whom no rule fits."""
    second_factor_rule: tuple[FactorRuleSettings, ...] = ()
    """The first that fits counts."""
    session_hours: Annotated[float, Field(gt=0, le=720)] = 12.0
    idle_minutes: Annotated[float, Field(gt=0, le=43_200)] = 60.0
    oidc: OidcSettings | None = None

    def factor_for(self, mandate: Mandate) -> Factor:
        """The policy for somebody."""
        fitting = (one.policy for one in self.second_factor_rule if one.fits(mandate))
        return next(fitting, self.second_factor)


class CertificateSettings(MandateSettings):
    """A machine that comes with a client certificate."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    fingerprint: str = ""
    """SHA-256 of the certificate (DER), hexadecimal, colons or not."""
    subject: str = ""
    """Or its whole subject as RFC 4514 writes it."""

    @field_validator("fingerprint")
    @classmethod
    def _is_sha256(cls, text: str) -> str:
        plain = text.replace(":", "").lower()
        if plain and (len(plain) != 64 or set(plain) - set("0123456789abcdef")):
            raise ValueError("64 hexadecimal digits: SHA-256 of the certificate's DER bytes")
        return plain

    @model_validator(mode="after")
    def _names_one(self) -> CertificateSettings:
        if bool(self.fingerprint) == bool(self.subject):
            raise ValueError("give either fingerprint or subject")
        return self


class RateSettings(Settings):
    """How much each may ask: so many requests a minute, and so many at once."""

    anybody_per_minute: Annotated[float, Field(gt=0, le=1e6)] = 120.0
    anybody_at_once: Annotated[int, Field(ge=1, le=1_000_000)] = 60
    """Of one address (of IPv6, one /64) without key, certificate or login."""
    known_per_minute: Annotated[float, Field(gt=0, le=1e6)] = 1200.0
    known_at_once: Annotated[int, Field(ge=1, le=1_000_000)] = 300
    """Of one key, certificate or person."""
