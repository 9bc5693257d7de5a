"""The facts of one pack from a JSON file, completed by what its samples show.

    {"code": "...", "samples": ["monday.parquet", "friday.csv"], "spec": "type.toml"}

Every fact that the file is silent about (or says `null`) is measured from the samples that it
names: health, self-discharge and resistance of the worst cell, insulation, chemistry and nominal
energy of the type. What the file states is kept: a bench outweighs what was seen in use.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from packtrail.errors import reason_of, remedy_of
from packtrail.language import Text
from packtrail.shapes import convert, from_json
from soh_model.errors import ModelError
from soh_model.gates import PackFacts
from soh_model.pack_measurement import PackMeasurement, nominal_kwh
from soh_model.pack_spec import PackSpec
from soh_model.session_files import sessions_in


class Telemetry(msgspec.Struct, frozen=True):
    """Where the samples of a pack are; paths are relative to the file that names them.

    Attributes:
        samples: files of its sessions, .csv or .parquet.
        spec: its type, TOML.
    """

    samples: tuple[str, ...] = ()
    spec: str | None = None


def read_facts(path: Path, spec: Path | None = None) -> PackFacts:
    """Facts of a pack.

    Args:
        path: JSON file.
        spec: type of the packs whose file names none.

    Raises:
        ModelError: A file is missing or does not hold what it should, or samples have no type.
        SettingsError: The type has faults.
    """
    try:
        stated = from_json(path.read_bytes(), dict[str, Any])
        telemetry = convert(stated, Telemetry)
        found = _measured(telemetry, path, spec) if telemetry.samples else {}
        known = {name: value for name, value in stated.items() if value is not None}
        return convert({**found, **known}, PackFacts)
    except OSError as error:
        raise ModelError(reason_of(error), where=str(path), hint=remedy_of(error)) from error
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        hint = Text(
            "give the facts of one pack as JSON, or its samples and spec",
            "请提供一个电池包的 JSON 信息，或其 samples 与 spec",
        )
        raise ModelError(str(error), where=str(path), hint=hint) from error


def _measured(telemetry: Telemetry, path: Path, spec: Path | None) -> dict[str, Any]:
    """What the samples show, by the names of `PackFacts`."""
    named = path.parent / telemetry.spec if telemetry.spec else spec
    if named is None:
        raise ModelError(
            Text("samples without the pack's type", "有采样数据但没有电池包型号参数"),
            where=str(path),
            hint=Text(
                "name a `spec` in the file, or give --spec", "在文件中写明 spec 或使用 --spec"
            ),
        )
    kind = PackSpec.load(named)
    measured = PackMeasurement(kind)
    for batch in sessions_in([path.parent / file for file in telemetry.samples]):
        measured.take(batch)
    shown: dict[str, Any] = msgspec.to_builtins(_facts(measured, kind))
    return shown


def _facts(measured: PackMeasurement, kind: PackSpec) -> PackFacts:
    estimate = measured.gathered.fused()
    assert estimate is not None
    worst = measured.gathered.outliers
    return PackFacts(
        code="",
        chemistry=kind.family,
        nominal_kwh=nominal_kwh(kind),
        estimate=estimate,
        insulation_ohm=measured.insulation_ohm,
        pack_voltage_v=measured.pack_voltage_v,
        self_discharge_pct_day=worst.self_discharge_pct_day,
        cell_resistance_ratio=worst.resistance_ratio,
    )
