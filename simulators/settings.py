"""Settings of a simulated station: one TOML file, see `sample.toml` beside this module."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from packtrail.errors import CodecError
from packtrail.settings import Settings, SettingsPath
from packtrail.times import parse_time


def _a_time(text: str) -> str:
    try:
        parse_time(text)
    except CodecError as error:
        raise ValueError(str(error)) from error
    return text


class BusSettings(Settings):
    """Where the packs' frames go.

    Attributes:
        interface: of python-can: `virtual`, `socketcan`, `udp_multicast`.
        channel: name of a slot's bus; `{slot}` becomes its number.
        load: share of the time in which each bus is to be busy, filled up by other units; 0 for
            the packs alone.
        diagnosis: whether packs answer UDS there (requests 0x7E4, answers 0x7EC).
    """

    interface: str = "virtual"
    channel: str = "slot{slot}"
    load: float = Field(0.0, ge=0.0, le=1.0)
    diagnosis: bool = False

    @model_validator(mode="after")
    def _parts_the_slots(self) -> Self:
        if "{slot}" not in self.channel and self.interface != "udp_multicast":
            raise ValueError("channel must hold {slot}, which becomes the slot's number")
        return self


class ControllerSettings(Settings):
    """Whom the station controller tells.

    Attributes:
        url: the gateway's local interface.
    """

    url: str = Field(pattern=r"^http://[^/\s]+$")


class MakersSettings(Settings):
    """Who puts packs on record, and where.

    Attributes:
        keys: manufacturer code -> file of its private key.
        url: the bridge's interface for signed events, such as
            `http://127.0.0.1:8480/api/v1/events`; empty to send none.
        file: a file of JSON lines to write them to, instead or as well.
    """

    keys: dict[str, SettingsPath] = Field(default_factory=dict)
    url: str = Field("", pattern=r"^(http://\S+)?$")
    file: SettingsPath | None = None


class StationSettings(Settings):
    """A simulated station.

    Attributes:
        site: name of the site.
        start: station time of the beginning, RFC 3339 in UTC.
        speed: station seconds per real second.
        seed: of everything; equal seeds give equal packs, vehicles, acts and frames.
        vehicles: how many swap here.
        power_limit_kw: of the grid connection.
        misread_share: how often the scanner misreads a digit, 0 to 1.
    """

    site: str = Field("simulated-station", min_length=1, max_length=64)
    start: Annotated[str, AfterValidator(_a_time)] = "2026-04-01T00:00:00Z"
    speed: float = Field(60.0, ge=0.1, le=1000.0)
    seed: int = Field(7, ge=0)
    vehicles: int = Field(16, ge=4, le=200)
    power_limit_kw: float = Field(420.0, gt=0.0)
    misread_share: float = Field(0.01, ge=0.0, le=1.0)
    bus: BusSettings = BusSettings()
    controller: ControllerSettings | None = None
    makers: MakersSettings | None = None


def sample_path() -> Path:
    """The sample that the tests run."""
    return Path(str(files("simulators") / "sample.toml"))
