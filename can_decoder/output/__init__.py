"""Decoded values to files: CSV always, Parquet and MF4 where their packages are installed.

One row per value, so that logs of any length stream in bounded memory and signals that come
and go need no columns of their own; MF4 keeps a channel group per message instead.
"""

from can_decoder.output.writer import Writer, open_writer

__all__ = ["Writer", "open_writer"]
