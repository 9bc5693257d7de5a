"""Puts a list of trust into a store for each line of its input: `python -m … PATH_OR_CONNINFO`.

A line is how many stations there are; the answer is how many lines of the ledger that took.
"""

from __future__ import annotations

import sys

from cloud_bridge.ledger.authority import Authority
from cloud_bridge.settings import StoreSettings
from cloud_bridge.store.opening import open_store
from packtrail.event import KeyRegistered
from packtrail.signing import SigningKey
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import ORIGIN


def stations(count: int) -> list[KeyRegistered]:
    keys = [SigningKey.from_seed(b"%032d" % n) for n in range(count)]
    return [KeyRegistered(key.public.text, f"bay-{n}", "gateway") for n, key in enumerate(keys)]


def main() -> None:
    """Publish list after list."""
    place = sys.argv[1]
    where = {"postgres": place} if "://" in place or "=" in place else {"path": place}
    store = open_store(StoreSettings.model_validate(where))
    authority = Authority(store, parts.AUTHORITY, "bridge-1", ORIGIN)
    print("ready", flush=True)
    for line in sys.stdin:
        print(authority.publish_trust(stations(int(line))), flush=True)
    store.close()


if __name__ == "__main__":
    main()
