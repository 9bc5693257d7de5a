"""Fixtures for the tests of other projects: `pytest -p simulators.pytest_plugin`.

`virtual_pack`, `swap_station` and `fleet` each give a function that makes one; what it made is
closed when the test ends. Every bus has a channel of its own, so tests may run side by side.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from simulators.ensemble.lives import FleetLives
    from simulators.models import PackModel
    from simulators.virtual_pack import VirtualPack
    from simulators.virtual_station import VirtualStation


class MakePack(Protocol):
    """What `virtual_pack` gives."""

    def __call__(
        self, model: PackModel | str = "SXA-96N150", *, channel: str = "", **options: Any
    ) -> VirtualPack:
        """A pack; `options` are those of `simulators.virtual_pack.VirtualPack`.

        Raises:
            SimulationError: a pack that cannot be.
        """
        ...


class MakeStation(Protocol):
    """What `swap_station` gives."""

    def __call__(self, **settings: Any) -> VirtualStation:
        """A station; `settings` are those of `simulators.settings.StationSettings`.

        Raises:
            SettingsError: naming every setting that cannot be.
        """
        ...


class MakeFleet(Protocol):
    """What `fleet` gives."""

    def __call__(self, packs: int = 10, days: int = 30, **options: Any) -> FleetLives:
        """A fleet's lives; `options` are those of `FleetLives.simulate`.

        Raises:
            SimulationError: a fleet that cannot be.
        """
        ...


@pytest.fixture
def virtual_pack() -> Iterator[MakePack]:
    """Makes packs that speak on a virtual CAN bus: `virtual_pack("SXB-112N120", soc=0.3)`."""
    from simulators.virtual_pack import VirtualPack  # noqa: PLC0415 - only tests that ask pay

    with ExitStack() as made:

        def make(
            model: PackModel | str = "SXA-96N150", *, channel: str = "", **options: Any
        ) -> VirtualPack:
            pack = VirtualPack(channel or _channel("pack"), model=model, **options)
            made.callback(pack.close)
            return pack

        yield make


@pytest.fixture
def swap_station() -> Iterator[MakeStation]:
    """Makes swap stations of eight slots: `swap_station(speed=120, seed=3)`."""
    from packtrail.settings import parse  # noqa: PLC0415 - only tests that ask pay
    from simulators.settings import StationSettings  # noqa: PLC0415
    from simulators.virtual_station import VirtualStation  # noqa: PLC0415

    with ExitStack() as made:

        def make(**settings: Any) -> VirtualStation:
            usual = {"interface": "virtual", "channel": f"{_channel('station')}-{{slot}}"}
            bus = usual | dict(settings.pop("bus", {}))
            station = VirtualStation(
                parse(StationSettings, settings | {"bus": bus}, Path("swap_station"))
            )
            made.callback(station.close)
            return station

        yield make


@pytest.fixture
def fleet() -> MakeFleet:
    """Simulates fleets through the seasons: `fleet(packs=20, days=90)`."""
    from simulators.ensemble.lives import FleetLives  # noqa: PLC0415 - only tests that ask pay

    def make(packs: int = 10, days: int = 30, **options: Any) -> FleetLives:
        return FleetLives.simulate(packs, days, **options)

    return make


def _channel(what: str) -> str:
    return f"packtrail-{what}-{uuid.uuid4().hex[:8]}"
