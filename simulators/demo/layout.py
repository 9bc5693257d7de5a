"""Everything a demonstration needs on disk: keys, and a settings file for each role.

A folder enters; keys, data sheets and settings stand in it afterwards. The settings are those
that a real station would write, with this computer's loopback in place of a network.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from packtrail.language import Text
from packtrail.signing import SigningKey
from simulators.demo.loopback import LOOPBACK
from simulators.demo.toml import write_toml
from simulators.dialects import DIALECTS
from simulators.errors import SimulationError
from simulators.fleet import SLOT_STARTS
from simulators.makers import author_of
from simulators.models import MODELS, PackModel

MAKERS: Final = ("SXA", "SXB")
SITE: Final = "demo-station"
GATEWAY: Final = "demo-gateway"
CHANNEL: Final = "slot{slot}"
REST_S: Final = 330
"""Station seconds of rest after which the gateway estimates; the station rests a minute more."""
OLDEST_S: Final = 600
"""Cell voltages come once a real second, which is four station minutes at 240 x."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Loopback ports of a demonstration."""

    broker: int
    bridge: int
    gateway: int

    @classmethod
    def choose(cls, bridge: int) -> Ports:
        """Free ports for broker and gateway, and `bridge` for the pages (0: any free one).

        Raises:
            SimulationError: that one is taken.
        """
        with socket.socket() as a, socket.socket() as b, socket.socket() as c:
            c.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                c.bind((LOOPBACK, bridge))
            except OSError as error:
                raise SimulationError(
                    Text("the port is taken", "端口已被占用"),
                    where=f"{LOOPBACK}:{bridge}",
                    hint=Text("choose another with --port", "用 --port 指定其他端口"),
                ) from error
            a.bind((LOOPBACK, 0))
            b.bind((LOOPBACK, 0))
            chosen = [int(s.getsockname()[1]) for s in (a, c, b)]
        return cls(*chosen)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things stand.

    Attributes:
        folder: the demonstration's own.
        ports: see `Ports`.
        uplink: the port by which the gateway reaches the broker; 0 for the broker's own.
        buses: the port of a `BusServer`; 0 for virtual buses in one process.
    """

    folder: Path
    ports: Ports
    uplink: int = 0
    buses: int = 0

    @property
    def bridge(self) -> Path:
        """Settings of the bridge."""
        return self.folder / "bridge.toml"

    @property
    def gateway(self) -> Path:
        """Settings of the gateway."""
        return self.folder / "gateway.toml"

    @property
    def outbox(self) -> Path:
        """The folder of the gateway's outbox."""
        return self.folder / "outbox"

    @property
    def station(self) -> Path:
        """Settings of the simulated station."""
        return self.folder / "station.toml"

    @property
    def truth(self) -> Path:
        """What really was, written by the station when it ends."""
        return self.folder / "station.truth.json"

    @property
    def bridge_url(self) -> str:
        """Where the pages are."""
        return f"http://{LOOPBACK}:{self.ports.bridge}"

    @property
    def gateway_url(self) -> str:
        """Where the gateway's local interface is."""
        return f"http://{LOOPBACK}:{self.ports.gateway}"

    def write(self, *, start: str, speed: float, seed: int) -> None:
        """Make keys and write all settings.

        Raises:
            SimulationError: the folder holds something already.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if any(self.folder.iterdir()):
            raise SimulationError(
                Text("the folder is not empty", "文件夹不为空"),
                where=str(self.folder),
                hint=Text("choose a new one with --folder", "用 --folder 指定新文件夹"),
            )
        self.outbox.mkdir()
        public = {name: self._make_key(name) for name in ("bridge", "gateway", *MAKERS)}
        for model in MODELS:
            write_toml(self.folder / f"{model.name}.toml", _data_sheet(model))
        for name in ("policy", "prices"):
            sample = files("soh_model").joinpath(f"sample_{name}.toml").read_text("utf-8")
            (self.folder / f"{name}.toml").write_text(sample, "utf-8")
        write_toml(self.bridge, self._bridge_settings(public))
        write_toml(self.gateway, self._gateway_settings(public["bridge"]))
        write_toml(self.station, self._station_settings(start, speed, seed))

    def _make_key(self, name: str) -> str:
        key = SigningKey.generate()
        key.save(self.folder / "keys" / f"{name}.pem")
        return key.public.text

    def _bridge_settings(self, public: dict[str, str]) -> dict[str, object]:
        gateway = {"party": GATEWAY, "role": "gateway", "public_key": public["gateway"]}
        makers = [
            {"party": author_of(maker), "role": "maker", "public_key": public[maker]}
            for maker in MAKERS
        ]
        return {
            "name": "demo-bridge",
            "key_file": "keys/bridge.pem",
            "store": {"path": "bridge.db"},
            "privacy": {"clear_vehicles": "refuse"},
            "mqtt": {"host": LOOPBACK, "port": self.ports.broker, "protocol": "3.1.1"},
            "http": {"host": LOOPBACK, "port": self.ports.bridge},
            "ledger": {"origin": "demo.packtrail.example/ledger", "checkpoint_s": 1.0},
            "appraisal": {"policy": "policy.toml", "prices": "prices.toml"},
            "trust": [gateway | {"sites": [SITE]}, *makers],
        }

    def _gateway_settings(self, bridge_key: str) -> dict[str, object]:
        slots = [start.slot for start in SLOT_STARTS]
        return {
            "gateway": GATEWAY,
            "site": SITE,
            "key": {"file": "keys/gateway.pem"},
            "outbox": {"file": "outbox/outbox.db", "quota_mb": 200},
            "broker": {
                "host": LOOPBACK,
                "port": self.uplink or self.ports.broker,
                "protocol": "3.1.1",
                "keepalive_s": 5 if self.uplink else 30,
            },
            "bridge": {"public_key": bridge_key},
            "sampling": {"max_age_s": OLDEST_S},
            "health": {"rest_s": REST_S},
            "local_api": {"host": LOOPBACK, "port": self.ports.gateway},
            "bus": [self._bus(slot) for slot in slots],
            "slot": [
                {
                    "name": slot,
                    "bus": f"slot{slot}",
                    "profiles": [dialect.profile for dialect in DIALECTS.values()],
                }
                for slot in slots
            ],
            "pack_model": [
                {
                    "prefix": _prefix(model),
                    "chemistry": model.chemistry.name.upper(),
                    "rated_ah": model.rated_ah,
                    "cells_in_series": model.cells,
                    "spec_file": f"{model.name}.toml",
                }
                for model in MODELS
            ],
        }

    def _bus(self, slot: str) -> dict[str, object]:
        channel = CHANNEL.format(slot=slot)
        if not self.buses:
            return {"name": f"slot{slot}", "interface": "virtual", "channel": channel}
        return {
            "name": f"slot{slot}",
            "interface": "socketcand",
            "channel": channel,
            "silent_s": 3.0,
            "extra": {"host": LOOPBACK, "port": self.buses},
        }

    def _station_settings(self, start: str, speed: float, seed: int) -> dict[str, object]:
        return {
            "site": SITE,
            "start": start,
            "speed": speed,
            "seed": seed,
            "bus": {"interface": "virtual", "channel": CHANNEL},
            "controller": {"url": self.gateway_url},
            "makers": {
                "url": f"{self.bridge_url}/api/v1/events",
                "keys": {maker: f"keys/{maker}.pem" for maker in MAKERS},
            },
        }


def _prefix(model: PackModel) -> str:
    """How the codes of a pack model begin: maker, pack, chemistry, specification."""
    return f"{model.maker}P{model.chemistry.letter}{model.specification}"


def _data_sheet(model: PackModel) -> dict[str, object]:
    """What the maker hands out of a pack model, as the estimator reads it."""
    soc, volts = model.data_sheet_ocv()
    return {
        "chemistry": model.chemistry.name.upper(),
        "rated_ah": model.rated_ah,
        "cells_in_series": model.cells,
        "cell_voltage_min_v": model.chemistry.empty_v,
        "cell_voltage_max_v": model.chemistry.full_v,
        "ocv": {"soc": soc, "voltage_v": volts},
    }
