"""Who somebody is, and hence which events are theirs to state: read from `roles.toml`."""

from __future__ import annotations

import pkgutil
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from packtrail.language import Text


class Role(StrEnum):
    """What a key's party is; the maker of a rule may think of more later, as data."""

    GATEWAY = "gateway"
    FEED = "feed"
    MAKER = "maker"
    IMPORTER = "importer"
    VEHICLE_MAKER = "vehicle_maker"
    DEALER = "dealer"
    OPERATOR = "operator"
    WORKSHOP = "workshop"
    LABORATORY = "laboratory"
    OUTLET = "outlet"
    DISMANTLER = "dismantler"
    UTILISER = "utiliser"
    RECYCLER = "recycler"
    INSURER = "insurer"
    FIRE_SERVICE = "fire_service"
    OWNER = "owner"
    CUSTOMS = "customs"
    AUTHORITY = "authority"
    SYSTEM = "system"

    @property
    def text(self) -> Text:
        """The role's name."""
        return _ROLES[self][0]


def _read() -> dict[Role, tuple[Text, frozenset[str]]]:
    # `importlib.resources` takes a third of the time in which an ID is checked offline.
    content = pkgutil.get_data("packtrail.event", "roles.toml") or b""
    table: dict[str, dict[str, Any]] = tomllib.loads(content.decode())
    shared = frozenset(table.pop("everybody")["events"])
    return {
        Role(name): (Text(row["en"], row["zh"]), frozenset(row["events"]) | shared)
        for name, row in table.items()
    }


_ROLES: Final = _read()

EVENTS_OF_ROLE: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {role: row[1] for role, row in _ROLES.items()}
)
"""Event types that a role may state unless its key is confined further. Registering and
revoking keys are the pinned authority's alone."""
