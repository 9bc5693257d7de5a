"""The whole file, and what its tables mean together."""

from __future__ import annotations

from typing import Any

from pydantic import model_validator

from cloud_bridge.feeds.gbt32960.settings import Gbt32960Settings
from cloud_bridge.feeds.settings import OcppSettings
from cloud_bridge.login.settings import LoginSettings
from cloud_bridge.settings.ingest import IngestSettings, MqttSettings, StoreSettings
from cloud_bridge.settings.ledger import (
    EnrolmentSettings,
    LedgerSettings,
    PrivacySettings,
    RetentionSettings,
    RulesSettings,
    TrustSettings,
    WitnessSettings,
)
from cloud_bridge.settings.names import Name
from cloud_bridge.settings.outputs import (
    AppraisalSettings,
    HookSettings,
    InfluxSettings,
    LakeSettings,
    PlatformSettings,
)
from cloud_bridge.settings.serving import LOOPBACK, AccessSettings, HttpSettings
from packtrail.settings import Settings, SettingsPath


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
