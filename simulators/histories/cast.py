"""Who reports: makers, shops, stations, dismantlers, recyclers, each with a key made from the seed.

The keys can be made again by anybody who knows the seed: they are for tests and nothing else.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from packtrail.event import Role
from packtrail.signing import SigningKey


@dataclass(frozen=True, slots=True)
class Party:
    """One reporter.

    Attributes:
        name: as events name their author.
        role: what it may state.
        site: where it works, "" if that does not matter.
        key: its signing key.
    """

    name: str
    role: Role
    site: str
    key: SigningKey


ROLES: Final = {
    "maker": (Role.MAKER, 2),
    "works": (Role.VEHICLE_MAKER, 2),
    "dealer": (Role.DEALER, 2),
    "operator": (Role.OPERATOR, 1),
    "station": (Role.GATEWAY, 5),
    "bench": (Role.GATEWAY, 4),
    "shop": (Role.WORKSHOP, 4),
    "yard": (Role.DISMANTLER, 3),
    "reuse": (Role.UTILISER, 1),
    "shredder": (Role.RECYCLER, 2),
    "refinery": (Role.RECYCLER, 4),
}
"""Kind of party -> role and how many there are."""


class Cast:
    """Every party of a history.

    Args:
        seed: of the keys.
    """

    def __init__(self, seed: int) -> None:
        self.by_kind: dict[str, list[Party]] = defaultdict(list)
        for kind, (role, number) in ROLES.items():
            for place in range(1, number + 1):
                name = f"{kind}-{place}"
                secret = hashlib.sha256(f"packtrail history {seed} {name}".encode()).digest()
                key = SigningKey.from_seed(secret)
                self.by_kind[kind].append(Party(name, role, f"site-{name}", key))

    def __getitem__(self, kind: str) -> list[Party]:
        """Every party of a kind."""
        return self.by_kind[kind]

    def all(self) -> list[Party]:
        """Every party."""
        return [party for parties in self.by_kind.values() for party in parties]
