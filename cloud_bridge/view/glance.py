"""What lists show of a unit's fold, as its row holds it."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from cloud_bridge.fold import Binding, Lifecycle, PackState, Safety, Standing, Verdict
from packtrail.estimate import Interval

MADE_BY: Final = ("cloud_bridge.fold", "packtrail.event")
"""Packages whose text decides what a fold comes to; with this file they decide what a row holds."""


class Glance(msgspec.Struct, frozen=True, array_like=True):
    """What lists show of a unit's fold.

    Attributes:
        verdict: what to do with it.
        lifecycle: stage of life.
        safety: how careful to be.
        standing: clean, incomplete or contested.
        soh: newest told state of health, fraction, or None.
        model: as registered, "" for none.
        binding: where it is, or None.
        heard_ns: the latest end of a fact, UTC ns; 0 without any.
    """

    verdict: Verdict
    lifecycle: Lifecycle
    safety: Safety
    standing: Standing
    soh: Interval | None
    model: str
    binding: Binding | None
    heard_ns: int


def glance_of(state: PackState, verdict: Verdict, heard_ns: int) -> Glance:
    """What lists show of a fold."""
    health, registration = state.newest_health, state.registration
    return Glance(
        verdict=verdict,
        lifecycle=state.lifecycle,
        safety=state.safety,
        standing=state.standing,
        soh=health.estimate.soh if health else None,
        model=getattr(registration.stated, "model", "") if registration else "",
        binding=state.binding,
        heard_ns=heard_ns,
    )


@cache
def made() -> str:
    """Names this version of the fold: rows that another one made are of no use."""
    digest = hashlib.sha256()
    for package in MADE_BY:
        parts = (one for one in files(package).iterdir() if one.name.endswith(".py"))
        for part in sorted(parts, key=lambda one: one.name):
            digest.update(part.name.encode() + b"\0" + part.read_bytes() + b"\0")
    digest.update(files(__package__).joinpath("glance.py").read_bytes())
    return digest.hexdigest()
