"""Openings in a file against the facts of a proof: no bridge is needed to see whom they name."""

from __future__ import annotations

from pathlib import Path

import msgspec

from cloud_bridge.errors import BridgeError
from packtrail.errors import os_fault
from packtrail.language import Text
from packtrail.personal import Opening, references
from packtrail.proof.pack import Check, PackProof
from packtrail.shapes import from_json


class _Listed(Opening, frozen=True):
    """An opening, and the commitment that it is said to open."""

    said: str = msgspec.field(default="", name="commitment")

    @property
    def fits(self) -> bool:
        """Whether it opens that."""
        return self.sound and self.said in ("", self.reference)


class _Openings(msgspec.Struct, frozen=True):
    """What `/api/v1/vehicles/{vin}/openings` answers, as far as it is needed."""

    openings: tuple[_Listed, ...]


def check_openings(file: Path, proof: PackProof) -> Check:
    """Whether some openings of `file` are of facts of `proof`, and whether those names agree.

    A vehicle has been with other packs too: openings of facts that are not in the proof say
    nothing here, but one at least has to be of one that is.

    Raises:
        PacktrailError: the file cannot be read, or holds no openings.
    """
    try:
        found = from_json(file.read_bytes(), _Openings).openings
    except OSError as error:
        raise os_fault(error, file) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BridgeError(
            Text(f"no openings: {error}", f"不是开启信息：{error}"),
            where=str(file),
            hint=Text(
                "save the answer of /api/v1/vehicles/VIN/openings", "请保存 openings 接口的应答"
            ),
        ) from error
    bodies = [one.signed.read().body for one in proof.facts]
    named = {name for body in bodies for name in references(body)}
    faults = [f"{one.said[:30]}…: does not open it" for one in found if not one.fits]
    here = [one for one in found if one.fits and one.reference in named]
    if not here:
        faults.append("none of them opens a commitment of these facts")
    return Check("openings", len(here), tuple(faults))
