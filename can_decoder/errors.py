"""Errors of the decoder: what a caller did wrong, never what a frame contained."""

from __future__ import annotations

from packtrail.errors import PacktrailError


class DecoderError(PacktrailError):
    """A file that cannot be opened, a name that does not exist, a value that does not fit."""
