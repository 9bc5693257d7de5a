"""What is known of a pack before a sample is read: its type, never its state.

A TOML file or keyword arguments enter, a checked `PackSpec` leaves; every fault of a file is
told at once. Curves of the pack's own type narrow the interval more than anything else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from packtrail.errors import SettingsError
from packtrail.shapes import convert
from packtrail.toml_file import read_toml
from soh_model.errors import ModelError
from soh_model.half_cells import HalfCell, plain

CHEMISTRIES: Final = (
    "NMC", "NMC111", "NMC532", "NMC622", "NMC811", "NCA", "LCO", "LMO", "LFP", "LTO",
)  # fmt: skip
"""Chemistries with a generic curve; the first word of "NMC811/SiGr" counts."""


class OcvCurve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Open-circuit voltage of a fresh cell of this type.

    Attributes:
        soc: state of charge, rising, 0 to 1.
        voltage_v: volts per cell, same length.
    """

    soc: tuple[float, ...]
    voltage_v: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse curves that are ragged, too short or not rising in SoC; arrays become tuples."""
        msgspec.structs.force_setattr(self, "soc", plain(self.soc))
        msgspec.structs.force_setattr(self, "voltage_v", plain(self.voltage_v))
        if len(self.soc) != len(self.voltage_v) or len(self.soc) < 5:
            raise ModelError("an OCV curve needs two columns of at least five points")
        if any(b <= a for a, b in zip(self.soc, self.soc[1:], strict=False)):
            raise ModelError("an OCV curve's state of charge must rise")


class HalfCellPair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Both electrodes of a fresh cell of this type.

    Attributes:
        negative: curve of the negative electrode.
        positive: curve of the positive electrode.
        x: negative stoichiometry of the fresh cell (empty, full).
        y: positive stoichiometry of the fresh cell (empty, full); falls.
    """

    negative: HalfCell
    positive: HalfCell
    x: tuple[float, float]
    y: tuple[float, float]


class PackSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The type of a pack.

    Attributes:
        chemistry: one of `CHEMISTRIES`, with or without the anode, such as `LFP/Gr`.
        rated_ah: rated capacity at 25 degC and C/3, Ah; SoH is a fraction of it.
        cells_in_series: voltages in series; parallel cells count as one.
        cell_voltage_min_v: lower limit that the rating refers to; None = usual for the chemistry.
        cell_voltage_max_v: upper limit that the rating refers to; None = usual.
        ocv: fresh full-cell curve of this type, if known.
        half_cells: fresh half-cell curves of this type, if known; preferred over `ocv`.
        fresh_resistance_ohm: one cell's resistance after 10 s, fresh, 25 degC, 50 % SoC.
        current_gain_sd: standard deviation of the current sensor's gain error.
        certified_energy_kwh: usable energy of the new pack as certified (UBE of UN GTR 22), kWh;
            the state of certified energy (SOCE) refers to it.
    """

    chemistry: str
    rated_ah: float
    cells_in_series: int
    cell_voltage_min_v: float | None = None
    cell_voltage_max_v: float | None = None
    ocv: OcvCurve | None = None
    half_cells: HalfCellPair | None = None
    fresh_resistance_ohm: float | None = None
    current_gain_sd: float = 0.01
    certified_energy_kwh: float | None = None

    def __post_init__(self) -> None:
        """Refuse numbers that no pack can have."""
        faults = self._faults()
        if faults:
            raise SettingsError("pack specification", faults)

    @property
    def family(self) -> str:
        """The cathode's chemistry in capitals, such as `NMC811` of `nmc811/SiGr`."""
        return self.chemistry.split("/")[0].strip().upper()

    @classmethod
    def load(cls, path: Path) -> PackSpec:
        """Read a specification from a TOML file.

        Raises:
            SettingsError: The file is missing, is no TOML or describes no pack.
        """
        try:
            return convert(read_toml(path), cls)
        except msgspec.ValidationError as error:
            cause = error.__cause__
            faults = cause.faults if isinstance(cause, SettingsError) else [str(error)]
            raise SettingsError(str(path), faults) from error

    def plain(self) -> dict[str, Any]:
        """Plain values, as records and digests hold them.

        A field that this type did not have at first is left out where it says nothing: a digest
        made before then can be made again.
        """
        content: dict[str, Any] = msgspec.to_builtins(self, enc_hook=float)
        if self.certified_energy_kwh is None:
            del content["certified_energy_kwh"]
        return content

    def _faults(self) -> list[str]:
        low, high = self.cell_voltage_min_v, self.cell_voltage_max_v
        rules: tuple[tuple[bool, Any], ...] = (
            (0 < self.rated_ah < 5000, "rated_ah must lie between 0 and 5000"),
            (0 < self.cells_in_series <= 1024, "cells_in_series must lie between 1 and 1024"),
            (0 <= self.current_gain_sd <= 0.2, "current_gain_sd must lie between 0 and 0.2"),
            (
                low is None or high is None or 0 < low < high < 6,
                "cell voltage limits must rise and lie between 0 and 6 V",
            ),
            (
                self.fresh_resistance_ohm is None or self.fresh_resistance_ohm > 0,
                "fresh_resistance_ohm must be positive",
            ),
            (
                self.certified_energy_kwh is None or self._holds(self.certified_energy_kwh),
                "certified_energy_kwh must be kWh that so many cells can hold (is it in Wh?)",
            ),
        )
        return [fault for holds, fault in rules if not holds]

    def _holds(self, kwh: float) -> bool:
        """Whether cells of this rating can hold an energy, at 1 to 5 V each."""
        per_volt = self.rated_ah * self.cells_in_series / 1000
        return per_volt < kwh < 5 * per_volt
