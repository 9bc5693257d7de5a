"""Nodes of a tree by the dozen or the thousand: their places as one parameter of one statement."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Final

from cloud_bridge.store.rows import Values
from packtrail.proof.paths import Place

LEVEL_BIT: Final = 48
"""A place travels as one integer, its level above these bits; the statements undo it."""


def packed(places: Collection[Place]) -> Values:
    """The parameter of `find_nodes` and `find_story_nodes`."""
    numbers = sorted({level << LEVEL_BIT | position for level, position in places})
    return {"places": json.dumps(numbers)}
