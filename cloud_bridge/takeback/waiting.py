"""Whose share of the statistics has to be looked at: a pack, a receipt without packs, a model."""

from __future__ import annotations

from typing import Final, NamedTuple

UNIT: Final = "unit"
RECEIPT: Final = "receipt"
MODEL: Final = "model"


class Waiting(NamedTuple):
    """One of them.

    Attributes:
        kind: which of the three.
        part: scheme of a pack's code, "" of a receipt, maker of a model.
        name: the code, the receipt's event id, the model's name.
    """

    kind: str
    part: str
    name: str
