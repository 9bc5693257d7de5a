"""Which stations may report over OCPP: `ocpp.json`, with digests of their passwords.

A password is random, so a slow hash would add nothing. The file is read again when it changes: a
revoked station is refused from its next connection on.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from pathlib import Path
from typing import Final

import msgspec

from cloud_bridge.enrolment.listed import Listed
from cloud_bridge.errors import BridgeError
from packtrail.language import Text
from packtrail.topics import GATEWAY_ID

FILE: Final = "ocpp.json"
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
    """The stations of a folder. Safe to call from any thread and any process.

    Args:
        folder: where `ocpp.json` lies; it is made with the first station.
    """

    def __init__(self, folder: Path) -> None:
        self._stations = Listed(folder / FILE, list[Station])

    def all(self) -> list[Station]:
        """Every station, in the order of their ids."""
        return sorted(self._stations.now().values(), key=lambda station: station.id)

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
        found = self._stations.now().get(number)
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
        return self._stations.now().get(station.id) == station and not station.revoked_ns

    def known(self, number: str, password: str) -> Station | None:
        """The station that this password proves, or None."""
        station = self._stations.now().get(number)
        if station is None or station.revoked_ns:
            return None
        return station if hmac.compare_digest(station.digest, _digest(password)) else None


def _digest(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()
