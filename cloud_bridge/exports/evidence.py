"""What a document's tables have no room for: where each dynamic value comes from.

`evidence` stands beside the document's own keys: unit, time, begin of the evidence, method, 95 %
interval, kind of evidence and whose readings or statements it rests on, point by point. Whoever
reads the document back gets all of it, though the values are claims to him.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from cloud_bridge.exports.datum import Datum, Origin, Passport, Source
from cloud_bridge.exports.points import POINTS
from packtrail.shapes import convert

EVIDENCE: Final = "evidence"


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of one dynamic data point; fields as in `Datum`."""

    point: str
    source: Source
    unit: str = ""
    as_of: str = ""
    from_time: str = ""
    method: str = ""
    low: float | None = None
    high: float | None = None
    origins: tuple[Origin, ...] = ()
    note: str = ""


def evidence_of(passport: Passport) -> list[dict[str, Any]]:
    """A row for every dynamic point that has a value."""
    return [
        msgspec.to_builtins(_row(key, datum))
        for key, datum in passport.data.items()
        if POINTS[key].dynamic
    ]


def with_evidence(data: Mapping[str, Datum], told: object) -> dict[str, Datum]:
    """Data points of a document with what it tells of their evidence; they stay claims.

    Args:
        data: points as the document's own tables have them.
        told: its `evidence`; a row that is none is passed over.
    """
    found = dict(data)
    for one in told if isinstance(told, list) else ():
        try:
            row = convert(one, Evidence)
        except msgspec.ValidationError:
            continue
        if row.point in found and POINTS[row.point].dynamic:
            found[row.point] = _filled(found[row.point], row)
    return found


def _row(key: str, datum: Datum) -> Evidence:
    return Evidence(
        point=key,
        source=datum.source,
        unit=datum.unit,
        as_of=datum.as_of,
        from_time=datum.from_time,
        method=datum.method,
        low=datum.low,
        high=datum.high,
        origins=datum.origins,
        note=datum.note,
    )


def _filled(datum: Datum, row: Evidence) -> Datum:
    return msgspec.structs.replace(
        datum,
        as_of=datum.as_of or row.as_of,
        from_time=row.from_time,
        method=row.method,
        low=row.low,
        high=row.high,
        origins=row.origins,
        note=row.note,
    )
