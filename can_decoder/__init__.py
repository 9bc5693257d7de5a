"""Frames to signals: DBC, GB/T 27930, J1939 and ISO-TP transport, log files.

database = can_decoder.load("pack.dbc")
database.decode(0x1DB, False, data)              # one frame, live
for batch in can_decoder.read_log("drive.log"):  # many, as columns
    database.decode_batch(batch)
"""

from can_decoder.columns import Columns
from can_decoder.database import Database, load
from can_decoder.diagnostic import Diagnostic
from can_decoder.errors import DecoderError
from can_decoder.frames import FrameBatch, IdFilter
from can_decoder.layout import MessageLayout, SignalLayout
from can_decoder.logs import read_log

__all__ = [
    "Columns",
    "Database",
    "DecoderError",
    "Diagnostic",
    "FrameBatch",
    "IdFilter",
    "MessageLayout",
    "SignalLayout",
    "load",
    "read_log",
]
