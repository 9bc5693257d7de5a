"""A scenario as a TOML file: at a moment, on a target, do something.

Checked whole before anything starts; a fault names its key and what may stand there.
"""

from __future__ import annotations

import math
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from packtrail.language import Text
from packtrail.settings import Settings, load
from simulators.errors import SimulationError

SHIPPED: Final = Path(str(files("simulators") / "scenario" / "shipped"))
EXPECTED: Final = ".expected.toml"
Moment = Annotated[float, Field(ge=0, le=86_400)]
Length = Annotated[float, Field(gt=0, le=86_400)]
Slot = Annotated[str, Field(pattern=r"^[1-8]$")]


class Words(Settings):
    """One sentence in both languages."""

    en: Annotated[str, Field(min_length=1, max_length=400)]
    zh: Annotated[str, Field(min_length=1, max_length=400)]

    @property
    def text(self) -> Text:
        """For a person."""
        return Text(self.en, self.zh)


class _Timed(Settings):
    """When, in real seconds after the station's first frame."""

    at_s: Moment


class _OnSlot(_Timed):
    """On one slot of the station, for a while."""

    slot: Slot
    for_s: Length = 86_400


class StuckSensor(_OnSlot):
    """A quantity keeps the value that it had."""

    do: Literal["stuck_sensor"]
    quantity: Literal["cell_voltage_v", "temperature_c", "pack_current_a", "soc_pct"]


class DriftingSensor(_OnSlot):
    """A quantity runs away from the truth, so much a station minute, on all places."""

    do: Literal["drifting_sensor"]
    quantity: Literal["cell_voltage_v", "temperature_c", "pack_current_a", "soc_pct"]
    per_min: Annotated[float, Field(ge=-1000, le=1000)]


class Runaway(_OnSlot):
    """What goes before a thermal runaway: a probe warms, a cell falls, insulation goes."""

    do: Literal["runaway"]
    kelvin_per_min: Annotated[float, Field(gt=0, le=100)] = 6.0


class SilentBus(_OnSlot):
    """The plug is pulled: nothing arrives."""

    do: Literal["silent_bus"]


class Flood(_OnSlot):
    """A unit that babbles frames of the highest priority and of no meaning."""

    do: Literal["flood"]
    frames_per_s: Annotated[int, Field(gt=0, le=8000)] = 2000


class CutTransport(_OnSlot):
    """Every third packet of multi-frame messages (SAE J1939-21) is lost."""

    do: Literal["cut_transport"]


class BusOff(_OnSlot):
    """The pack's controller cannot send and goes bus-off; it tries again after each restart.

    ISO 11898-1, clause 12.1.4: 32 failed transmissions take a controller off the bus. Others see
    those as error frames.
    """

    do: Literal["bus_off"]
    restart_s: Annotated[float, Field(ge=0.1, le=60)] = 1.0


class WrongBitRate(_OnSlot):
    """The adapter listens at another bit rate: every frame is an error frame to it."""

    do: Literal["wrong_bit_rate"]


class ClockStep(_Timed):
    """The gateway's clock is set ahead, or back, and set right after a while."""

    do: Literal["clock_step"]
    step_s: Annotated[float, Field(ge=-315_360_000, le=315_360_000)]
    for_s: Length = 86_400


class DiskFull(_Timed):
    """Something else takes all room on the disk of the gateway's outbox, until it is deleted."""

    do: Literal["disk_full"]
    for_s: Length = 5.0


class PowerCut(_Timed):
    """A process of the house is killed with kill -9, and started again after a while."""

    do: Literal["power_cut"]
    on: Literal["gateway", "bridge", "broker"]
    for_s: Length = 2.0


class NetworkDown(_Timed):
    """Nothing passes between gateway and broker, in either direction."""

    do: Literal["network_down"]
    for_s: Length = 5.0


class NetworkSlow(_Timed):
    """A metered radio link: so many bytes a second each way."""

    do: Literal["network_slow"]
    for_s: Length = 5.0
    bytes_per_s: Annotated[int, Field(gt=0, le=100_000_000)] = 4000


Deed = Annotated[
    StuckSensor
    | DriftingSensor
    | Runaway
    | SilentBus
    | Flood
    | CutTransport
    | BusOff
    | WrongBitRate
    | ClockStep
    | DiskFull
    | PowerCut
    | NetworkDown
    | NetworkSlow,
    Field(discriminator="do"),
]


class Scenario(Settings):
    """A scenario.

    Attributes:
        title: in a line.
        proves: what follows when its expectations are met.
        seed: of packs, vehicles, misreadings and faults; equal seeds give equal frames.
        speed: station seconds per real second.
        duration_s: real seconds.
        misread_share: how often the scanner misreads a digit, 0 to 1.
        deeds: what happens, `[[deed]]` in the file.
    """

    title: Words
    proves: Words
    seed: Annotated[int, Field(ge=0, le=2**53)] = 7
    speed: Annotated[float, Field(ge=1, le=240)] = 60.0
    duration_s: Annotated[float, Field(ge=2, le=86_400)] = 20.0
    misread_share: Annotated[float, Field(ge=0, le=1)] = 0.01
    deeds: tuple[Deed, ...] = Field((), alias="deed")

    @property
    def fills_disk(self) -> bool:
        """Whether the gateway's outbox needs a small disk of its own."""
        return any(isinstance(deed, DiskFull) for deed in self.deeds)

    @field_validator("deeds", mode="after")
    @classmethod
    def _all_happen(cls, deeds: tuple[Deed, ...], info: ValidationInfo) -> tuple[Deed, ...]:
        end_s = info.data.get("duration_s", math.inf)
        late = [f"deed[{n}].at_s {d.at_s:g}" for n, d in enumerate(deeds, 1) if d.at_s >= end_s]
        if late:
            told = Text(
                "{late}: never happens, the scenario ends after {end:g} s (`duration_s`)",
                "{late}：不会发生，场景在 {end:g} 秒后结束（duration_s）",
            )
            raise ValueError(told.say(late=", ".join(late), end=end_s))
        return deeds

    @model_validator(mode="after")
    def _keeps_its_disk(self) -> Self:
        cuts = [deed for deed in self.deeds if isinstance(deed, PowerCut) and deed.on == "gateway"]
        if self.fills_disk and cuts:
            # The small disk is in memory, and lives as long as the gateway's process.
            told = Text(
                "deed: disk_full and power_cut on the gateway need two scenarios",
                "deed：disk_full 与对网关的 power_cut 需分成两个场景",
            )
            raise ValueError(told.say())
        return self


def load_scenario(name: str) -> tuple[Scenario, Path]:
    """A scenario by its path, or by the name of one that is shipped.

    Raises:
        PacktrailError: there is none, or the file has faults; all of them are told.
    """
    path = shipped().get(name) or Path(name)
    if not path.exists():
        raise SimulationError(
            Text("no such scenario", "没有该场景"),
            where=name,
            hint=Text(
                f"a file, or one of {', '.join(shipped())}",
                f"请给出文件，或以下之一：{', '.join(shipped())}",
            ),
        )
    return load(Scenario, path), path


def shipped() -> dict[str, Path]:
    """Scenarios that are ready: name -> file."""
    found = (path for path in SHIPPED.glob("*.toml") if not path.name.endswith(EXPECTED))
    return {path.stem: path for path in sorted(found)}


def expected_beside(path: Path) -> Path | None:
    """The expectations that lie beside a scenario, if any."""
    file = path.with_name(path.stem + EXPECTED)
    return file if file.exists() else None
