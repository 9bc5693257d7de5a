"""The ledger: its heads, rules, personal data, retention, witnesses and trust list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from cloud_bridge.settings.names import HttpUrl, Name
from packtrail.errors import PacktrailError
from packtrail.event import EVENTS_OF_ROLE, Role
from packtrail.proof.cosignature import WitnessKey
from packtrail.settings import Settings, SettingsPath
from packtrail.signing import VerifyKey
from packtrail.times import parse_time


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
