"""A pack's passport, and its shape in the formats of others.

`passport_of` folds facts and telemetry into data points, each with value, unit, time, method,
interval and source, or with the reason why it is missing; nothing is invented. Each format writes
the points that it can hold, and reads them back.
"""

from cloud_bridge.exports.datum import Datum, Missing, Passport, Source
from cloud_bridge.exports.gathering import gather
from cloud_bridge.exports.passport import passport_of
from cloud_bridge.exports.points import POINTS, Access, Point

__all__ = [
    "POINTS",
    "Access",
    "Datum",
    "Missing",
    "Passport",
    "Point",
    "Source",
    "gather",
    "passport_of",
]
