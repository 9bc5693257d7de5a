"""One finding of `packtrail gateway check`."""

from __future__ import annotations

from dataclasses import dataclass

from packtrail.language import Text


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    Attributes:
        part: what was looked at.
        says: what was found.
        fault: whether the gateway cannot do its work like this.
        remedy: what to do about it, if anything.
    """

    part: Text
    says: Text
    fault: bool = False
    remedy: Text | None = None
