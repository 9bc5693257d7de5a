"""What happens at a station, as its controller learns it: frozen facts with a station time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scanned:
    """Somebody or something read a pack's code for a slot.

    Attributes:
        at_s: seconds after the station's start.
        slot: which slot the pack is in or goes to.
        label: the raw text.
        source: `scanner`, `order` (what the vehicle's operator says) or `handheld`.
    """

    at_s: float
    slot: str
    label: str
    source: str


@dataclass(frozen=True, slots=True)
class Inserted:
    """A pack stands in a slot; it came from `vehicle`, a VIN, or from nowhere known ("")."""

    at_s: float
    slot: str
    pack: int
    vehicle: str


@dataclass(frozen=True, slots=True)
class Removed:
    """A pack was taken out of a slot, for instance to quarantine (`vehicle` is "")."""

    at_s: float
    slot: str
    pack: int
    vehicle: str


@dataclass(frozen=True, slots=True)
class Swapped:
    """A vehicle left one pack in `slot_in` and took another from `slot_out`.

    Attributes:
        at_s: seconds after the station's start.
        order: the swap order's number.
        vehicle: VIN.
        slot_in: where the vehicle's pack went.
        slot_out: where its new pack came from.
        pack_in: the pack that it left.
        pack_out: the pack that it took.
    """

    at_s: float
    order: str
    vehicle: str
    slot_in: str
    slot_out: str
    pack_in: int
    pack_out: int


Act = Scanned | Inserted | Removed | Swapped
"""Any of them."""
