"""The event hash of CBV 2.0, chapter 8.9: one fingerprint for one event, whoever wrote it.

    ni:///sha-256;HEX?ver=CBV2.0

Fields are joined in the standard's order as `name=value`, lists sorted, words of the vocabulary as
web addresses, numbers without trailing zeros, times in UTC with milliseconds; extensions follow
under their full names. Event id, record time and error declaration do not count. EPCIS 2.0 JSON
with the fields that `epcis` writes; GS1 identifiers would need their digital links first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

Json = dict[str, Any]

IGNORED: Final = frozenset({"type", "eventID", "recordTime", "errorDeclaration", "@context"})
_QUANTITY: Final = ("epcClass", "quantity", "uom")
_META: Final = (
    "time", "startTime", "endTime", "deviceID", "deviceMetadata", "rawData",
    "dataProcessingMethod", "bizRules",
)  # fmt: skip
_REPORT: Final = (
    "type", "exception", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "time",
    "microorganism", "chemicalSubstance", "value", "component", "stringValue", "booleanValue",
    "hexBinaryValue", "uriValue", "minValue", "maxValue", "meanValue", "sDev", "percRank",
    "percValue", "uom", "coordinateReferenceSystem",
)  # fmt: skip
_ORDER: Final = (
    "eventTime", "eventTimeZoneOffset", "certificationInfo", "parentID", "epcList",
    "inputEPCList", "childEPCs", "quantityList", "childQuantityList", "inputQuantityList",
    "outputEPCList", "outputQuantityList", "action", "transformationID", "bizStep", "disposition",
    "readPoint", "bizLocation", "sourceList", "destinationList", "sensorElementList",
)  # fmt: skip
_EPCS: Final = frozenset({"epcList", "inputEPCList", "childEPCs", "outputEPCList"})
_WORDS: Final = {
    "bizStep": "https://ref.gs1.org/cbv/BizStep-",
    "disposition": "https://ref.gs1.org/cbv/Disp-",
    "type": "https://gs1.org/voc/",
    "exception": "https://gs1.org/voc/",
    "party": "https://ref.gs1.org/cbv/SDT-",
}


def event_hash(event: Json, namespaces: dict[str, str]) -> str:
    """The `ni` address of an event.

    Args:
        event: EPCIS 2.0 JSON.
        namespaces: prefix of an extension -> its namespace.
    """
    digest = hashlib.sha256(prehash(event, namespaces).encode()).hexdigest()
    return f"ni:///sha-256;{digest}?ver=CBV2.0"


def prehash(event: Json, namespaces: dict[str, str]) -> str:
    """The text that is hashed."""
    known = "".join(_field(name, event[name]) for name in _ORDER if name in event)
    extensions = sorted(
        f"{{{namespaces[name.split(':')[0]]}}}{name.split(':')[1]}={_value(value)}"
        for name, value in event.items()
        if name not in IGNORED and name not in _ORDER
    )
    return f"eventType={event['type']}{known}{''.join(extensions)}"


def _field(name: str, value: Any) -> str:
    if name in _EPCS:
        inner = "".join(sorted(f"epc={_value(one)}" for one in value))
        return name + inner if inner else ""
    if name.endswith("QuantityList") or name == "quantityList":
        return name + "".join(sorted("quantityElement" + _parts(one, _QUANTITY) for one in value))
    if name in ("sourceList", "destinationList"):
        kind = name.removesuffix("List")
        return name + "".join(sorted(_party(one, kind) for one in value))
    if name in ("readPoint", "bizLocation"):
        return f"{name}id={_value(value['id'])}"
    if name == "sensorElementList":
        return name + "".join(sorted(_element(one) for one in value))
    return _pair(name, value)


def _party(one: Json, kind: str) -> str:
    word = _word("party", one["type"])
    return f"{kind}={_value(one[kind])}type={word}"


def _element(one: Json) -> str:
    meta = one.get("sensorMetadata")
    head = "sensorMetadata" + _parts(meta, _META) if meta else ""
    reports = sorted("sensorReport" + _parts(report, _REPORT) for report in one["sensorReport"])
    return f"sensorElement{head}{''.join(reports)}"


def _parts(one: Json, order: Iterable[str]) -> str:
    return "".join(_pair(name, one[name]) for name in order if name in one)


def _pair(name: str, value: Any) -> str:
    if "time" in name.lower() and "offset" not in name.lower():
        return f"{name}={_moment(str(value))}"
    if name in _WORDS:
        return f"{name}={_word(name, str(value))}"
    return f"{name}={_value(value)}"


def _word(kind: str, value: str) -> str:
    """A bare word of the vocabulary as its web address; an address of one's own as it is."""
    return value if ":" in value else _WORDS[kind] + value


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text).astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(int(value)) if float(value).is_integer() else str(float(value))
    return str(value).strip()
