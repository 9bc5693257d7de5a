"""The room's one error; see `packtrail.errors` for the tree that it hangs on."""

from __future__ import annotations

from packtrail.errors import PacktrailError


class GatewayError(PacktrailError):
    """The gateway cannot do what its operator asked for, and says what would help."""
