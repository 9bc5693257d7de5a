"""Settings of a bridge: `bridge.toml`, checked whole before anything opens."""

from cloud_bridge.settings.ingest import IngestSettings, MqttSettings, StoreSettings, TlsSettings
from cloud_bridge.settings.ledger import (
    EnrolmentSettings,
    LedgerSettings,
    PrivacySettings,
    RetentionSettings,
    RulesSettings,
    TrustSettings,
    WitnessSettings,
)
from cloud_bridge.settings.outputs import (
    AppraisalSettings,
    HookSettings,
    InfluxSettings,
    LakeSettings,
    PlatformSettings,
)
from cloud_bridge.settings.serving import AccessSettings, HttpSettings, HttpTlsSettings
from cloud_bridge.settings.whole import BridgeSettings

__all__ = [
    "AccessSettings",
    "AppraisalSettings",
    "BridgeSettings",
    "EnrolmentSettings",
    "HookSettings",
    "HttpSettings",
    "HttpTlsSettings",
    "InfluxSettings",
    "IngestSettings",
    "LakeSettings",
    "LedgerSettings",
    "MqttSettings",
    "PlatformSettings",
    "PrivacySettings",
    "RetentionSettings",
    "RulesSettings",
    "StoreSettings",
    "TlsSettings",
    "TrustSettings",
    "WitnessSettings",
]
