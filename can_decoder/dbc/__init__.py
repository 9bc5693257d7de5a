"""DBC files: text to layouts, one statement at a time.

Bytes of any encoding and dialect enter; layouts and diagnostics leave. A statement that
cannot be read costs itself and is reported with its line; no content makes reading fail.
"""

from can_decoder.dbc.reader import read_dbc

__all__ = ["read_dbc"]
