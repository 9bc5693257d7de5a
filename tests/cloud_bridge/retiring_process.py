"""Retires over and over until it is killed: `python -m … PATH_OR_CONNINFO POLICY NOW_NS`."""

from __future__ import annotations

import sys
from pathlib import Path

from cloud_bridge.retention.policy import read_policy
from cloud_bridge.retention.retiring import Retention
from cloud_bridge.settings import StoreSettings
from cloud_bridge.store.opening import open_store
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import ORIGIN


def main() -> None:
    """Two chunks at a time."""
    place, policy, now = sys.argv[1:]
    where = {"postgres": place} if "://" in place else {"path": place}
    store = open_store(StoreSettings.model_validate(where))
    made = Retention(
        store, parts.AUTHORITY, ORIGIN, read_policy(Path(policy)), batch=2, now=lambda: int(now)
    )
    while store.lead("retention") and made.run(apply=True).chunks:
        pass


if __name__ == "__main__":
    main()
