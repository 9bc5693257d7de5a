"""Which stations may report over OCPP: kept in the store, with digests of their passwords.

A password is random, so a slow hash would add nothing. All bridges on one store know a station,
and hear it no more from its next message on once it is revoked.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from pathlib import Path
from typing import Final

import msgspec

from cloud_bridge.enrolment.register import Register
from cloud_bridge.errors import BridgeError
from cloud_bridge.store.registers import Registers
from packtrail.language import Text
from packtrail.topics import GATEWAY_ID

REGISTER: Final = "ocpp station"
FILE: Final = "ocpp.json"
"""Where an earlier version kept them, in `[ocpp] folder`."""
SECRET_BYTES: Final = 24
"""32 characters; OCPP 2.1 part 2, A00.FR.205 asks for 16 to 40."""


class Station(msgspec.Struct, frozen=True, kw_only=True):
    """One station.

    Attributes:
        id: its identity in OCPP, the last part of the address that it connects to.
        site: where it stands, as places name it.
        digest: SHA-256 of its password, hexadecimal.
        made_ns: UTC ns.
        revoked_ns: UTC ns, 0 while it may report.
    """

    id: str
    site: str
    digest: str
    made_ns: int
    revoked_ns: int = 0

    @property
    def party(self) -> str:
        """Author of its facts: no gateway can bear that name by chance and be mistaken for it."""
        return f"ocpp-{self.id}"


class StationBook:
    """The stations of a store. Safe to call from any thread and any process.

    Args:
        store: where they lie.
    """

    def __init__(self, store: Registers) -> None:
        self._stations = Register(store, REGISTER, Station)

    def take_over(self, folder: Path) -> None:
        """Bring in the stations that an earlier version kept in a folder."""
        self._stations.take_over(folder / FILE)

    def all(self) -> list[Station]:
        """Every station, in the order of their ids."""
        return self._stations.all()

    def find(self, number: str) -> Station | None:
        """The station of that id."""
        return self._stations.find(number)

    def add(self, number: str, site: str, now_ns: int) -> str:
        """Let a station in, or give it another password; the password, which is kept nowhere.

        Raises:
            BridgeError: the id or the site cannot be one.
        """
        if not re.fullmatch(GATEWAY_ID, number) or not 0 < len(site) <= 64 or "/" in site:
            raise BridgeError(
                Text("not a station's id and site", "不是有效的站点编号与场站名称"),
                where=f"{number} {site}"[:160],
                hint=Text(
                    "an id has letters, digits, - and _; a site no /",
                    "编号仅含字母、数字、- 与 _；场站名称不含 /",
                ),
            )
        password = secrets.token_urlsafe(SECRET_BYTES)
        station = Station(id=number, site=site, digest=_digest(password), made_ns=now_ns)
        self._stations.put(station)
        return password

    def revoke(self, number: str, now_ns: int) -> Station:
        """Take a station's voice from it.

        Raises:
            BridgeError: there is none of that id.
        """
        found = self._stations.find(number)
        if found is None:
            raise BridgeError(
                Text("no such station", "没有此站点"),
                where=number[:64],
                hint=Text(
                    "see `packtrail bridge ocpp-station list`",
                    "见 packtrail bridge ocpp-station list",
                ),
            )
        gone = msgspec.structs.replace(found, revoked_ns=found.revoked_ns or now_ns)
        self._stations.put(gone)
        return gone

    def holds(self, station: Station) -> bool:
        """Whether it may still report, by the password that it came with."""
        return self._stations.find(station.id) == station and not station.revoked_ns

    def known(self, number: str, password: str) -> Station | None:
        """The station that this password proves, or None."""
        station = self._stations.find(number) if re.fullmatch(GATEWAY_ID, number) else None
        if station is None or station.revoked_ns:
            return None
        return station if hmac.compare_digest(station.digest, _digest(password)) else None


def _digest(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()
