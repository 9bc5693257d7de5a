"""What events speak of: units, vehicles, places, lots, parties and models, each by its name."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from packtrail.language import Text


class UnitRef(msgspec.Struct, frozen=True):
    """A pack, module or cell by one of its identifiers.

    Attributes:
        scheme: what kind of identifier: `gbt34014`, `gbt40098`, `maker_serial`, `gs1`.
        id: the identifier, normalised by its scheme.
    """

    scheme: str
    id: str

    def __str__(self) -> str:
        return self.id if self.scheme == "gbt34014" else f"{self.scheme}:{self.id}"


class VehicleRef(msgspec.Struct, frozen=True):
    """A vehicle; `scheme` is `commitment` (see `packtrail.personal`), or `vin` in the clear.

    In what a bridge folds, `subject`: the random name under which it joins the commitments of one
    vehicle.
    """

    scheme: str
    id: str

    def __str__(self) -> str:
        return self.id if self.scheme == "vin" else f"{self.scheme}:{self.id}"


class PlaceRef(msgspec.Struct, frozen=True):
    """A slot at a site: swap station bay, shop bench, storage rack."""

    site: str
    slot: str


class LotRef(msgspec.Struct, frozen=True):
    """A lot of packs, parts or material: the party that keeps it and that party's number for it."""

    party: str
    id: str

    def __str__(self) -> str:
        return f"{self.party}/{self.id}"


class ModelRef(msgspec.Struct, frozen=True):
    """A model of pack by its maker's own name for it."""

    maker: str
    name: str

    def __str__(self) -> str:
        return f"{self.maker}/{self.name}"


class Reading(msgspec.Struct, frozen=True, omit_defaults=True):
    """How an identity was read: every source, with the raw bytes it gave.

    Attributes:
        source: who read it: `scanner`, `handheld`, `order`, `uds`, `gbt32960`, `vin`, `brm` ...
        raw: the text that it gave.
        at: when, RFC 3339 UTC.
        data: the bytes behind the text in hexadecimal, where they are not the text itself.
        says: the pack that the source itself names, where `raw` is no label.
    """

    source: str
    raw: str
    at: str
    data: str = ""
    says: UnitRef | None = None


class Level(StrEnum):
    """What kind of unit a code stands for."""

    PACK = "pack"
    MODULE = "module"
    CELL = "cell"
    PRODUCT = "product"
    """Made from retired units, with a code and a life of its own."""

    @property
    def text(self) -> Text:
        """The level's name."""
        return _LEVELS[self]


class VehicleMode(StrEnum):
    """Whether a vehicle keeps its pack or is made for swapping."""

    FIXED = "fixed"
    SWAP = "swap"


class Element(StrEnum):
    """What a recycler gets back and a maker claims as recycled content."""

    LI = "Li"
    NI = "Ni"
    CO = "Co"
    MN = "Mn"
    CU = "Cu"
    AL = "Al"
    GRAPHITE = "C"
    PB = "Pb"


class EventBody(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """What an event says; the name of the class is the event's type."""


_LEVELS = {
    Level.PACK: Text("pack", "电池包"),
    Level.MODULE: Text("module", "模块"),
    Level.CELL: Text("cell", "单体"),
    Level.PRODUCT: Text("second-life product", "梯次利用产品"),
}
