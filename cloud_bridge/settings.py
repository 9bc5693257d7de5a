"""Settings of a bridge: `bridge.toml`, checked whole before anything opens."""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from cloud_bridge.feeds.gbt32960.settings import Gbt32960Settings
from cloud_bridge.feeds.settings import OcppSettings
from cloud_bridge.login.settings import CertificateSettings, LoginSettings, RateSettings
from packtrail.errors import PacktrailError
from packtrail.event import EVENTS_OF_ROLE, Role
from packtrail.proof.cosignature import WitnessKey
from packtrail.settings import Settings, SettingsPath
from packtrail.signing import VerifyKey
from packtrail.times import parse_time
from packtrail.topics import GATEWAY_ID

Port = Annotated[int, Field(ge=1, le=65_535)]
HostName = Annotated[str, Field(pattern=r"^(\*|(\*\.)?[A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])$")]
Name = Annotated[str, Field(pattern=rf"^{GATEWAY_ID}$")]


class StoreSettings(Settings):
    """Where the truth lies: one SQLite file, or a PostgreSQL that several bridges share."""

    path: SettingsPath | None = None
    postgres: str = ""
    """How to connect, as libpq reads it, without a password."""
    password_env: str = ""
    keep_strangers: Annotated[int, Field(ge=10, le=1_000_000)] = 1_000
    """Messages without a trusted key that are kept for inspection."""

    @field_validator("postgres")
    @classmethod
    def _holds_no_secret(cls, conninfo: str) -> str:
        if "password" in conninfo or re.search(r"://[^/@]*:[^/@]*@", conninfo):
            raise ValueError("no password in a file: name its variable in password_env")
        return conninfo

    @model_validator(mode="after")
    def _is_one_place(self) -> StoreSettings:
        if bool(self.path) == bool(self.postgres):
            raise ValueError("give either path or postgres")
        return self


class TlsSettings(Settings):
    """TLS to the broker; `certificate` and `key` for a client certificate."""

    ca: SettingsPath | None = None
    certificate: SettingsPath | None = None
    key: SettingsPath | None = None


class MqttSettings(Settings):
    """The broker, and how to subscribe to it."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Port = 1883
    client_id: Annotated[str, Field(min_length=1, max_length=64)] = "packtrail-bridge"
    """Names the persistent session: every bridge has its own."""
    protocol: Literal["5", "3.1.1"] = "5"
    shared_group: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]*$")] = ""
    """Bridges of one group share the records (MQTT 5 shared subscription)."""
    window: Annotated[int, Field(ge=1, le=65_535)] = 2_000
    """Messages that the broker may have under way to us."""
    username: str = ""
    password_env: str = ""
    tls: TlsSettings | None = None

    @model_validator(mode="after")
    def _shared_needs_5(self) -> MqttSettings:
        if self.shared_group and self.protocol != "5":
            raise ValueError('shared_group needs protocol = "5"')
        return self


class IngestSettings(Settings):
    """How records become transactions."""

    batch_records: Annotated[int, Field(ge=1, le=10_000)] = 500
    batch_ms: Annotated[int, Field(ge=1, le=10_000)] = 200
    queue: Annotated[int, Field(ge=1, le=100_000)] = 2_000


def _is_network(text: str) -> str:
    ip_network(text)  # its ValueError says what is wrong
    return text


Network = Annotated[str, AfterValidator(_is_network)]


class HttpTlsSettings(Settings):
    """TLS without a proxy in front."""

    certificate: SettingsPath
    key: SettingsPath
    client_ca: SettingsPath | None = None
    """Client certificates that this authority signed are asked for, and known by `[access]`."""


class HttpSettings(Settings):
    """Pages and API; loopback unless a reverse proxy stands in front."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    allowed_hosts: tuple[HostName, ...] = ("127.0.0.1", "localhost", "[::1]")
    """Host names that are answered; behind a reverse proxy, the proxy's public name."""
    trusted_proxies: tuple[Network, ...] = ()
    """Addresses or networks whose word is taken on whom they forward, and on TLS."""
    certificate_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]*$")] = ""
    """In which they pass on a client certificate: RFC 9440, or escaped PEM."""
    tls: HttpTlsSettings | None = None
    streams: Annotated[int, Field(ge=1, le=5_000)] = 100
    """So many may listen to server-sent events at once; a hundred connections stay free."""

    @model_validator(mode="after")
    def _a_header_needs_a_proxy(self) -> HttpSettings:
        if self.certificate_header and not self.trusted_proxies:
            raise ValueError("certificate_header is believed from trusted_proxies only: name them")
        return self


LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})


class AccessSettings(Settings):
    """Who may see what; a bridge that answers to this machine alone shows everything."""

    enforce: bool = False
    """Also on a bridge that answers to this machine alone."""
    jurisdiction: Literal["CN", "EU"] = "CN"
    folder: SettingsPath = Path("access")
    """Holds the keys of machines and the log of restricted reads."""
    table: SettingsPath | None = None
    """A table of one's own."""
    certificate: tuple[CertificateSettings, ...] = ()
    """Machines that come with a client certificate."""
    limits: RateSettings = RateSettings()


class LedgerSettings(Settings):
    """The signed tree."""

    origin: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9./_-]{0,127}$")] = (
        "packtrail.example/ledger"
    )
    """Names the log in checkpoints, for ever: choose a domain of your own."""

    @field_validator("origin")
    @classmethod
    def _is_no_domain_of_ours(cls, origin: str) -> str:
        # Checkpoints are signed as they stand; no other signature of the key may begin so.
        if origin.startswith("packtrail/"):
            raise ValueError("begin it with a domain name")
        return origin

    checkpoint_s: Annotated[float, Field(gt=0, le=3600)] = 5.0
    grace_s: Annotated[float, Field(ge=0, le=604_800)] = 600.0
    """So long late reports are waited for before the bridge states a contradiction."""


class PrivacySettings(Settings):
    """Personal data: vehicles' numbers and owners."""

    clear_vehicles: Literal["accept", "refuse"] = "accept"
    """What becomes of new facts that state one in the clear: the ledger would keep it for ever."""

    @property
    def refuse_clear(self) -> bool:
        """Whether they are refused."""
        return self.clear_vehicles == "refuse"


class RetentionSettings(Settings):
    """How long telemetry is kept; `packtrail bridge retain` tells what may go."""

    enabled: bool = False
    """A running bridge lets go what no rule holds; without it only `retain --apply` does."""
    rules: SettingsPath | None = None
    """A table of one's own; by default the one that comes with packtrail."""
    every_hours: Annotated[float, Field(gt=0, le=8760)] = 24.0
    gather_days: Annotated[float, Field(ge=0, le=366)] = 28.0
    """A pack waits so long for more to fall due: fewer statements."""
    batch_chunks: Annotated[int, Field(ge=1, le=100_000)] = 5_000
    """In one transaction."""


class RulesSettings(Settings):
    """Who has to report or hand over what: the store's own table binds all bridges on it."""

    table: SettingsPath | None = None
    """Put on record where the store has none yet; `packtrail bridge rules adopt` changes it."""


class EnrolmentSettings(Settings):
    """The certificate authority for gateways; `packtrail bridge ca` makes it."""

    folder: SettingsPath = Path("ca")
    days: Annotated[float, Field(gt=0, le=825)] = 90.0
    """How long a gateway's certificate holds; it is renewed in its last third."""


HttpUrl = Annotated[str, Field(pattern=r"^https?://[^\s@]+$")]
"""An address without a password in it."""


class InfluxSettings(Settings):
    """Time series: InfluxDB 2, InfluxDB 1.8 or a compatible server."""

    url: HttpUrl
    bucket: Annotated[str, Field(min_length=1)] = "packtrail"
    """Of InfluxDB 1.8: `database` or `database/retention`."""
    org: str = "-"
    token_env: str = ""
    """The environment variable that holds the token; of InfluxDB 1.8, `user:password`."""
    cells: bool = False
    """A series per cell and probe, not only their extremes."""
    settle_s: Annotated[float, Field(ge=0, le=3600)] = 30.0
    """After an outage this much is written again: servers keep their newest seconds in memory."""
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 10.0


class LakeSettings(Settings):
    """The Parquet lake."""

    path: SettingsPath
    keep_days: Annotated[int, Field(ge=1, le=36_600)] | None = None
    """Telemetry of days that ended longer ago is dropped from the lake; None keeps all."""


class HookSettings(Settings):
    """Who is told of facts as they are recorded."""

    name: Name
    url: HttpUrl
    secret_env: str = ""
    """The variable that holds a shared secret (HMAC); without it the bridge's key signs."""
    event_types: tuple[str, ...] = ()
    """Only these; all without."""
    most: Annotated[int, Field(ge=1, le=500)] = 100
    """Facts in one delivery, at most."""
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 10.0


class WitnessSettings(Settings):
    """Somebody else's process that cosigns our heads (C2SP tlog-witness)."""

    url: HttpUrl
    key: str
    """As `packtrail witness` prints it: NAME+HASH+BASE64."""

    @field_validator("key")
    @classmethod
    def _is_witness(cls, text: str) -> str:
        try:
            WitnessKey.from_text(text)
        except PacktrailError as error:
            raise ValueError(error.describe("en")) from error
        return text


class AppraisalSettings(Settings):
    """What packs are appraised by; the files are read again when they change."""

    policy: SettingsPath
    """Grades and safety gates."""
    prices: SettingsPath
    """Prices of the day, with their source."""
    valid_days: Annotated[int, Field(ge=1, le=366)] = 30
    """How long a certificate holds."""


class PlatformSettings(Settings):
    """A national platform that reports go to."""

    name: Name
    url: HttpUrl
    token_env: str = ""
    """The variable that holds its token."""
    parties: tuple[str, ...] = ()
    """Only what these have to report; everybody's without."""
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 10.0


class TrustSettings(Settings):
    """One key that may speak."""

    party: Name
    role: Role
    public_key: str
    event_types: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    valid_from: str = ""
    valid_to: str = ""

    @field_validator("public_key")
    @classmethod
    def _is_key(cls, text: str) -> str:
        try:
            VerifyKey.from_text(text)
        except PacktrailError as error:
            raise ValueError(error.describe("en")) from error
        return text

    @field_validator("valid_from", "valid_to")
    @classmethod
    def _is_time(cls, text: str) -> str:
        try:
            if text:
                parse_time(text)
        except PacktrailError as error:
            raise ValueError(error.describe("en")) from error
        return text

    @model_validator(mode="after")
    def _fits_role(self) -> TrustSettings:
        beyond = set(self.event_types) - EVENTS_OF_ROLE[self.role]
        if beyond:
            raise ValueError(f"a {self.role} may not state {', '.join(sorted(beyond))}")
        return self


class BridgeSettings(Settings):
    """The whole file."""

    name: Name = "bridge-1"
    key_file: SettingsPath
    """Ed25519: signs receipts, checkpoints and the trust list."""
    store: StoreSettings
    mqtt: MqttSettings = MqttSettings()
    ingest: IngestSettings = IngestSettings()
    http: HttpSettings = HttpSettings()
    ledger: LedgerSettings = LedgerSettings()
    privacy: PrivacySettings = PrivacySettings()
    retention: RetentionSettings = RetentionSettings()
    rules: RulesSettings = RulesSettings()
    enrolment: EnrolmentSettings = EnrolmentSettings()
    access: AccessSettings = AccessSettings()
    login: LoginSettings = LoginSettings()
    influx: InfluxSettings | None = None
    lake: LakeSettings | None = None
    appraisal: AppraisalSettings | None = None
    ocpp: OcppSettings | None = None
    gbt32960: Gbt32960Settings | None = None
    hook: tuple[HookSettings, ...] = ()
    witness: tuple[WitnessSettings, ...] = ()
    platform: tuple[PlatformSettings, ...] = ()
    trust: tuple[TrustSettings, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, content: Any) -> Any:
        """A table left out is read as empty, so that its paths are beside the file too."""
        return {"enrolment": {}, "access": {}} | content if isinstance(content, dict) else content

    @model_validator(mode="after")
    def _certificates_can_come(self) -> BridgeSettings:
        tls = self.http.tls
        if self.access.certificate and not (
            self.http.certificate_header or (tls and tls.client_ca)
        ):
            raise ValueError(
                "access.certificate: name http.tls.client_ca, or http.certificate_header "
                "and http.trusted_proxies, else no certificate can come"
            )
        return self

    @property
    def access_enforced(self) -> bool:
        """Whether the access table rules: always once anybody beyond this machine can ask."""
        return self.access.enforce or not {self.http.host, *self.http.allowed_hosts} <= LOOPBACK

    @model_validator(mode="after")
    def _hooks_have_names(self) -> BridgeSettings:
        names = [hook.name for hook in self.hook]
        if len(set(names)) < len(names):
            raise ValueError("hook: every hook has a name of its own, its cursor hangs on it")
        names = [platform.name for platform in self.platform]
        if len(set(names)) < len(names):
            raise ValueError("platform: every platform has a name of its own")
        return self

    @model_validator(mode="after")
    def _one_entry_per_key(self) -> BridgeSettings:
        keys = [entry.public_key for entry in self.trust]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"trust: key {twice[0]} stands twice")
        return self
