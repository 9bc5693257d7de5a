"""Errors of the bridge that a person can act on.

    BridgeError
    └── StoreError    the database does not answer, is too new, or is damaged
        └── ContentError    it works, and cannot hold what it was given

A bad record or event is no error: it is refused, counted and kept.
"""

from __future__ import annotations

from packtrail.errors import PacktrailError


class BridgeError(PacktrailError):
    """The bridge cannot do what it was asked to."""


class StoreError(BridgeError):
    """The store cannot be opened, read or written."""


class ContentError(StoreError):
    """A value that the database cannot hold, however often it is tried."""
