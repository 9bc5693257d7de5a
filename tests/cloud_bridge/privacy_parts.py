"""A pack in vehicles whose numbers are committed to, and what a test asks of it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from cloud_bridge.fold import digest
from cloud_bridge.keeping.whole import verify_whole
from cloud_bridge.privacy.forgetting import Forgetting
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.privacy.vault import KeyVault
from cloud_bridge.store import SqliteStore
from cloud_bridge.view import Packs
from cloud_bridge.view.findings import findings_about
from cloud_bridge.view.vehicles import vehicle_state
from packtrail import event as e
from packtrail.event import VehicleRef
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import NOW, ORIGIN, Desk
from tests.cloud_bridge.parts import CAR, OTHER_PACK, PACK, SLOT

VIN = CAR.id
SOUND_VIN = "LSVAA4187E2100005"
VAULT = KeyVault(parts.AUTHORITY)
SWAP = e.SwapPerformed(CAR, "north", OTHER_PACK, "order-1")


def swaps(gateway: parts.PlayedGateway, tell: str = "conceal") -> list[tuple[str, bytes]]:
    """A car comes with one pack, leaves with the other, and brings that back later."""
    say = getattr(gateway, tell)
    t0 = parts.T0
    return [
        say(e.PackInstalled(vehicle=CAR), unit=OTHER_PACK, t_ns=t0 - parts.HOUR),
        say(SWAP, unit=PACK, t_ns=t0),
        say(e.PackRemoved(vehicle=CAR), unit=PACK, t_ns=t0 + parts.HOUR),
        say(e.PackInstalled(place=SLOT), unit=PACK, t_ns=t0 + parts.HOUR),
    ]


@pytest.fixture
def told(desk: Desk) -> Desk:
    """The bridge's own key speaks, and a gateway told of one car."""
    body = e.KeyRegistered(parts.AUTHORITY.public.text, ORIGIN, "system")
    own = parts.fact(body, key=parts.AUTHORITY, unit=None, author="bridge-1")
    desk.store.append([own, parts.registered(), parts.registered(OTHER_PACK, 2)], NOW)
    desk.receive(*swaps(parts.PlayedGateway()))
    return desk


def subject_of(desk: Desk, car: VehicleRef = CAR) -> VehicleRef:
    """What stands for a car."""
    return Subjects(desk.store).vehicle(car)


def forget(desk: Desk, subject: str | None = None) -> object:
    """Forget the car, or another subject."""
    forgetting = Forgetting(desk.store, parts.AUTHORITY, ORIGIN)
    return forgetting.forget(subject or subject_of(desk).id, "request 7", "clerk", NOW)


def everything(desk: Desk, subject: VehicleRef) -> tuple[object, ...]:
    """Every fold that knows of the car, as bytes."""
    packs = Packs(desk.store)
    car = vehicle_state(desk.store, subject)
    folds = tuple(digest(packs.state(unit)) for unit in (PACK, OTHER_PACK))
    found = findings_about(desk.store, packs, PACK)
    return (*folds, msgspec.json.encode(car), msgspec.json.encode(found))


def unpacked(file: Path) -> bytes:
    import zstandard

    data = file.read_bytes()
    if file.suffix == ".backup":
        return data + zstandard.ZstdDecompressor().stream_reader(data).read()
    return data


def sound(store: SqliteStore) -> bool:
    checks = verify_whole(store, ORIGIN, parts.AUTHORITY.public, 1)
    assert [one for one in checks if one.faults] == []
    return True
