"""Tables of what is made of readings: samples, bindings to packs, alarms, estimates."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from gateway.alarms.output_settings import OutputSettings
from gateway.settings.names import Name
from packtrail.errors import SettingsError
from packtrail.settings import Settings, SettingsPath
from soh_model import PackSpec


class SamplingSettings(Settings):
    """When samples are taken; see `gateway.pipeline.SamplingRule`."""

    active_s: Annotated[float, Field(gt=0, le=3600)] = 1.0
    rest_s: Annotated[float, Field(gt=0, le=3600)] = 60.0
    flowing_a: Annotated[float, Field(gt=0)] = 1.0
    chunk_s: Annotated[float, Field(gt=0, le=3600)] = 60.0
    look_s: Annotated[float, Field(gt=0, le=0.25)] = 0.2
    max_age_s: Annotated[float, Field(gt=0)] = 300.0


class BindingSettings(Settings):
    """How packs are recognised."""

    controller: bool = True
    confirm: bool = True
    unread_s: Annotated[float, Field(gt=0)] = 30.0


class AlarmSettings(Settings):
    """Limits of one's own, local outputs, and the folder of close-ups."""

    file: SettingsPath | None = None
    output: tuple[OutputSettings, ...] = ()
    closeups: SettingsPath | None = None


class HealthSettings(Settings):
    """Estimates on the edge."""

    enabled: bool = True
    rest_s: Annotated[float, Field(ge=100)] = 900.0
    timeout_s: Annotated[float, Field(gt=0)] = 120.0


class PackModelSettings(Settings):
    """A type of pack, for every code that begins with `prefix`."""

    prefix: Annotated[str, Field(min_length=1, max_length=24)]
    chemistry: Name
    rated_ah: Annotated[float, Field(gt=0, lt=5000)]
    cells_in_series: Annotated[int, Field(gt=0, le=1024)]
    certified_energy_kwh: Annotated[float, Field(gt=0)] | None = None
    spec_file: SettingsPath | None = None

    @model_validator(mode="after")
    def _describes_a_pack(self) -> Self:
        if not self.spec_file:
            try:
                _ = self.spec
            except SettingsError as error:
                raise ValueError("; ".join(error.faults)) from error
        return self

    @property
    def spec(self) -> PackSpec:
        """As the estimator takes it; a file of curves goes before."""
        if self.spec_file:
            return PackSpec.load(self.spec_file)
        return PackSpec(
            chemistry=self.chemistry,
            rated_ah=self.rated_ah,
            cells_in_series=self.cells_in_series,
            certified_energy_kwh=self.certified_energy_kwh,
        )
