"""Vehicles, and the numbers behind commitments."""

from __future__ import annotations

import msgspec

from cloud_bridge.fold import VehicleState


class VehicleDetail(msgspec.Struct, frozen=True):
    """One vehicle: its packs, and the account of them once it is scrapped.

    Attributes:
        vehicle: `subject:ID`, or as facts name it that commit to nothing.
        state: its fold.
        number: in the clear, where the reader asked for it and it can be opened.
        forgotten_at: when its number was erased, "" while it was not.
    """

    vehicle: str
    state: VehicleState
    number: str = ""
    forgotten_at: str = ""


class OpeningAnswer(msgspec.Struct, frozen=True):
    """What opens one commitment; `salt` is base64 of 32 bytes."""

    commitment: str
    kind: str
    salt: bytes
    value: str


class OpeningList(msgspec.Struct, frozen=True):
    """What opens every commitment of a subject; `packtrail id verify FILE --openings` checks it."""

    subject: str
    openings: list[OpeningAnswer]
