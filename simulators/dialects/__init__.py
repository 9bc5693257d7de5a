"""How a BMS speaks: which messages, how often, with which counter and checksum.

A `BmsReading` enters, `PackFrame`s leave, encoded by our own DBC files through the decoder's
plans, so that encoder and decoder prove each other. A dialect belongs to one pack: its counter
runs on from burst to burst. A value that a message cannot hold is cut to its range, as a BMS
does.
"""

from __future__ import annotations

from typing import Final

from simulators.dialects.classic import ClassicDialect
from simulators.dialects.dialect import Dialect, DialectFile, Encoder
from simulators.dialects.flexible import FlexibleDialect
from simulators.dialects.j1939 import J1939Dialect
from simulators.frames import PackFrame

__all__ = ["DIALECTS", "Dialect", "DialectFile", "Encoder", "PackFrame"]

DIALECTS: Final = {
    "classic": DialectFile(ClassicDialect, "sim_sxa", 500_000),
    "j1939": DialectFile(J1939Dialect, "sim_sxb", 250_000),
    "flexible": DialectFile(FlexibleDialect, "sim_sxc", 500_000, 2_000_000),
}
"""The dialects by the name that a `PackModel` gives."""
