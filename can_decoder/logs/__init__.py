"""Log files to batches of frames, in bounded memory.

candump, BLF and spreadsheet exports of charging analysers by our own readers; ASC, TRC,
python-can's CSV and others through python-can; MF4 through asammdf. gzip and Zstandard are
undone on the way. What a damaged file still holds comes out, and `diagnostics` says the rest.
"""

from can_decoder.logs.reading import LogReader, read_log

__all__ = ["LogReader", "read_log"]
