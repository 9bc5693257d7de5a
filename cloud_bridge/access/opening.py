"""The gate that a bridge's settings call for."""

from __future__ import annotations

import time

from cloud_bridge.access.fields import Jurisdiction
from cloud_bridge.access.gate import Gate
from cloud_bridge.access.keys import KeyRing
from cloud_bridge.access.reads import ReadLog
from cloud_bridge.access.table import read_table
from cloud_bridge.settings import BridgeSettings


def gate_for(settings: BridgeSettings) -> Gate | None:
    """The gate; None where only this machine can ask and the settings do not insist.

    Raises:
        SettingsError: the table cannot be read or is not of the form.
    """
    if not settings.access_enforced:
        return None
    access = settings.access
    return Gate(
        read_table(access.table),
        Jurisdiction(access.jurisdiction),
        KeyRing(access.folder),
        ReadLog(access.folder),
        time.time_ns,
    )
