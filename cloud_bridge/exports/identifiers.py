"""The unique identifier of a battery in the documents of others: its GS1 key where it has one.

Regulation (EU) 2023/1542, Art. 3 (66), asks for one that leads to the passport on the web; by DIN
DKE SPEC 99100, 6.1.2, and prEN 18219 a GS1 Digital Link is one. It is written in the canonical form
of GS1 Digital Link: URI Syntax, so that every bridge writes the same. A pack without a key goes by
its code.
"""

from __future__ import annotations

from cloud_bridge.fold import PackState
from packtrail.codes.gs1 import KEYS, key_of, read_text
from packtrail.event import UnitRef


def link_of(state: PackState) -> str:
    """The canonical Digital Link of a unit, by its own code or a bound one; "" for none.

    Of several a GTIN with serial comes before a GRAI and a GIAI, the one bound first before others.
    """
    bound = [alias.code for alias in state.aliases if not alias.until]
    keys = [key for unit in (state.unit, *bound) if (key := key_of(unit))]
    return min(keys, key=lambda key: KEYS.index(key.ai)).uri if keys else ""


def unit_in(text: str) -> UnitRef | None:
    """The unit that a Digital Link names; None for another identifier."""
    key = read_text(text) if isinstance(text, str) and text.startswith("http") else None
    return key.unit if key else None


def code_in(text: str) -> str:
    """An identifier as a code of ours: `gs1:…` of a Digital Link, others as they are."""
    unit = unit_in(text)
    return str(unit) if unit else text
