"""Batch decoding of a mixed bus to float64 columns, against asammdf.

asammdf has the same frames in an open MF4 file, extracts them with the same DBC and selects
every signal in physical units. Values are compared before anything is timed. Bars: 12 x with
numpy alone, 20 x with numba.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from asammdf import MDF, Signal
from asammdf.blocks import v4_constants
from asammdf.blocks.source_utils import Source
from asammdf.blocks.v4_blocks import SourceInformation

from benchmarks.can_decoder import bus
from benchmarks.timing import compared, table
from can_decoder import Database, FrameBatch
from can_decoder.compiled import is_available

COUNT = 2_000_000
ROUNDS = 7
RECORD = np.dtype(
    [
        ("CAN_DataFrame.BusChannel", "u1"),
        ("CAN_DataFrame.ID", "<u4"),
        ("CAN_DataFrame.IDE", "u1"),
        ("CAN_DataFrame.DLC", "u1"),
        ("CAN_DataFrame.DataLength", "u1"),
        ("CAN_DataFrame.DataBytes", "(8,)u1"),
    ]
)


def main() -> None:
    """Print frames per second and ratios."""
    batch, database = bus.frames(COUNT), bus.database()
    with tempfile.TemporaryDirectory() as folder:
        peer = Peer(batch, Path(folder))
        compare(database, batch, peer)
        contenders = {"packtrail, numpy": lambda: database.decode_batch(batch, compiled=False)}
        if is_available():
            contenders["packtrail, numba"] = lambda: database.decode_batch(batch, compiled=True)
        contenders["asammdf"] = peer.decode
        times = compared(contenders, "asammdf", rounds=ROUNDS)
        peer.close()
    rows: list[tuple[object, ...]] = [
        (name, f"{COUNT / us:.1f}", f"{ratio:.1f} x") for name, (us, ratio) in times.items()
    ]
    table(("decoder", "million frames/s", "against asammdf"), rows)


class Peer:
    """The same frames in asammdf's hands."""

    def __init__(self, batch: FrameBatch, folder: Path) -> None:
        self._dbc = folder / "bus.dbc"
        self._dbc.write_text(bus.dbc_text())
        record = np.zeros(len(batch), RECORD)
        columns = (1, batch.ids, batch.extended, batch.length, batch.length, batch.data)
        for name, column in zip(RECORD.names or (), columns, strict=True):
            record[name] = column
        information = SourceInformation(
            source_type=v4_constants.SOURCE_BUS, bus_type=v4_constants.BUS_TYPE_CAN
        )
        t_s = (batch.t_ns - batch.t_ns[0]) / 1e9
        source = Source.from_source(information)
        with MDF(version="4.10") as mdf:
            mdf.append(Signal(record, t_s, name="CAN_DataFrame", source=source))
            mdf.save(folder / "bus.mf4")
        self._mdf: Any = MDF(folder / "bus.mf4")

    def decode(self) -> dict[str, Any]:
        """Every signal as physical values."""
        with self._mdf.extract_bus_logging({"CAN": [(str(self._dbc), 0)]}) as out:
            wanted = [
                (channel.name, group, place)
                for group, content in enumerate(out.groups)
                for place, channel in enumerate(content.channels)
                if channel.name.startswith("M")
            ]
            found = out.select(wanted, ignore_value2text_conversions=True)
        return {signal.name: signal.samples for signal in found}

    def close(self) -> None:
        """Let go of the file."""
        self._mdf.close()


def compare(database: Database, batch: FrameBatch, peer: Peer) -> None:
    """Say whether both mean the same."""
    theirs = peer.decode()
    differ = [
        signal
        for columns in database.decode_batch(batch).values()
        for signal in columns.signals
        if not np.allclose(columns[signal], theirs[signal], rtol=1e-9, atol=1e-9)
    ]
    print(f"{len(theirs)} columns compared; {len(differ)} differ: {', '.join(differ) or '-'}\n")


if __name__ == "__main__":
    main()
