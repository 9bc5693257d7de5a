"""The formats by name: what each writes, and what it reads back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import msgspec

from cloud_bridge.errors import BridgeError
from cloud_bridge.exports import batterypass, catenax, epcis, idta, ready, ready_performance
from cloud_bridge.exports.credential import credential_of, issuer_of, passport_in
from cloud_bridge.exports.datum import Datum, Missing, Passport, Source
from cloud_bridge.exports.evidence import EVIDENCE, evidence_of, with_evidence
from cloud_bridge.exports.exchange import Export, Imported
from cloud_bridge.exports.identifiers import unit_in
from cloud_bridge.exports.lens import Json, Row, look, read, write
from cloud_bridge.exports.points import POINTS, Access
from cloud_bridge.exports.traction_code import tree_of, units_in
from cloud_bridge.reporting.flows import reports_of
from packtrail.errors import CodecError, CodeError
from packtrail.event import UnitRef
from packtrail.language import Text
from packtrail.shapes import plain_json

EVERYTHING: Final = frozenset(Access)


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        name: as commands and addresses name it.
        text: what it is.
        media: content type.
        suffix: of a file.
        write: the document's bytes.
        read: a parsed document's content; None where nothing comes back.
        claims: whether a parsed document looks like this format.
    """

    name: str
    text: Text
    media: str
    suffix: str
    write: Callable[[Export], bytes]
    read: Callable[[Json], Imported] | None
    claims: Callable[[Json], bool]


def encoded(document: Any) -> bytes:
    """Indented JSON with a newline."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def filled(rows: Sequence[Row], passport: Passport) -> Json:
    """A document of a table, with what it lacks and why, and where dynamic values come from."""
    written = write(rows, passport.data | {"meta": _meta(passport)})
    return written.document | {
        "notFilled": not_filled(written.absent, passport),
        EVIDENCE: evidence_of(passport),
    }


_SCHEMES: Final = {"gbt34014": "GB/T 34014", "gs1": "GS1"}


def _meta(passport: Passport) -> Datum:
    """Of the passport itself."""
    events = f"{passport.id}#events" if "negative_events" in passport.data else None
    value = {
        "as_of": passport.as_of,
        "day": passport.as_of[:10],
        "version": f"{passport.life}.0",
        "events_url": events,
        "identifier": passport.link or str(passport.unit),
        "uri": passport.link or passport.id,
        "link": passport.link,
        "code": str(passport.unit) if passport.link else "",
        "scheme": _SCHEMES.get(passport.unit.scheme, passport.unit.scheme),
    }
    return Datum(value={k: v for k, v in value.items() if v}, source=Source.LEDGER)


def not_filled(absent: Mapping[str, str], passport: Passport) -> list[dict[str, str]]:
    """Target, data point and reason of everything that a document has no value for."""
    found = []
    for target, source in absent.items():
        key = source.split("@")[0].split(".")[0]
        reason = passport.missing.get(key)
        if key not in POINTS or (reason is None and not POINTS[key].applies(passport.category)):
            continue
        if reason is Missing.NOT_APPLICABLE:
            why = POINTS[key].why_not
            found.append({"target": target, "point": key, "reason": reason.value, "why": why.en})
            continue
        told = reason or (Missing.NOT_ENOUGH_DATA if POINTS[key].dynamic else Missing.NOT_STATED)
        found.append({"target": target, "point": key, "reason": told.value})
    return found


def imported(name: str, data: dict[str, Datum], link: Any = "", **more: Any) -> Imported:
    """What was read, with the unit that its data name, and the one that its Digital Link does."""
    told = data.get("unit_id")
    unit, also = unit_of(str(told.value)) if told else None, unit_in(link)
    further = (also,) if also and unit and also != unit else ()
    return Imported(name, unit or also, data, further=further, **more)


def unit_of(text: str) -> UnitRef:
    """The unit of an identifier: a pack code, `scheme:id`, or else a maker's serial number."""
    from cloud_bridge.view import parse_unit  # noqa: PLC0415 - numpy, for readers only

    try:
        return parse_unit(text)
    except CodeError:
        return UnitRef("maker_serial", text)


def _credential(export: Export) -> bytes:
    if export.key is None:
        raise BridgeError(
            Text("a credential needs the bridge's key", "凭证需要云桥密钥"),
            where="credential",
            hint=Text("export beside the settings file", "请在配置文件所在处导出"),
        )
    return encoded(credential_of(export.passport, export.key, export.now))


def _read_credential(document: Json) -> Imported:
    issuer = issuer_of(document)
    passport = passport_in(document)
    data = dict(passport.data)
    return imported("credential", data, passport.link, issuer=issuer)


def _national(export: Export) -> bytes:
    """Who has to report what of this pack; for those with a legitimate interest."""
    entitled = export.gathered.facts if Access.LEGITIMATE in export.allowed else ()
    facts = [told for told in entitled if export.shows(told)]
    reports = reports_of((told.event_id, told.event) for told in facts)
    withheld = export.withheld(len(facts), len(export.gathered.facts))
    document = {"code": str(export.passport.unit), "as_of": export.passport.as_of}
    gone = {"forgotten": export.forgotten} if export.forgotten else {}
    return encoded(document | {"reports": reports, "withheld": withheld} | gone)


def _traction(export: Export) -> bytes:
    return encoded(tree_of(export.gathered.state, export.state_of))


def _idta(export: Export) -> bytes:
    document = filled(idta.ROWS, export.passport)
    return encoded(idta.environment_of(export.passport, document))


def _read_idta(document: Json) -> Imported:
    plain = idta.plain_document(document)
    data = with_evidence(read(idta.ROWS, plain), idta.extension_of(document, EVIDENCE))
    return imported("idta", data, look(plain, idta.URI))


def _read_traction(document: Json) -> Imported:
    unit, parts = units_in(document)
    data = {"unit_id": Datum(value=str(unit), source=Source.STATED)}
    return Imported("catenax-code", unit, data, parts)


def _table(name: str, text: Text, rows: Sequence[Row], mark: str, link: str) -> Format:
    """A format that a table of lenses writes and reads; `link` is where its Digital Link stands."""
    return Format(
        name,
        text,
        "application/json",
        "json",
        lambda export: encoded(filled(rows, export.passport)),
        lambda document: imported(
            name, with_evidence(read(rows, document), document.get(EVIDENCE)), look(document, link)
        ),
        lambda document: isinstance(look(document, mark), dict),
    )


_ALL: Final = (
    _table(
        "batterypass",
        Text("Battery Pass data model 1.2", "Battery Pass 数据模型 1.2"),
        batterypass.ROWS,
        batterypass.GENERAL,
        batterypass.IDENTIFIER,
    ),
    _table(
        "batterypass-ready",
        Text("BatteryPass-Ready 1.0, five categories", "BatteryPass-Ready 1.0（五类）"),
        (*ready.ROWS, *ready_performance.ROWS),
        ready.ROOT,
        ready.IDENTIFIER,
    ),
    _table(
        "catenax",
        Text("Catena-X BatteryPass 6.1", "Catena-X BatteryPass 6.1"),
        catenax.ROWS,
        "identification.identification",
        catenax.LINK,
    ),
    Format(
        "idta",
        Text("IDTA 02035 submodels (AAS)", "IDTA 02035 子模型（AAS）"),
        "application/json",
        "json",
        _idta,
        _read_idta,
        idta.is_environment,
    ),
    Format(
        "catenax-code",
        Text("Catena-X TractionBatteryCode 2.0", "Catena-X 动力电池编码 2.0"),
        "application/json",
        "json",
        _traction,
        _read_traction,
        lambda document: "tractionBatteryCode" in document,
    ),
    Format(
        "epcis",
        Text("EPCIS 2.0 events with hashes", "EPCIS 2.0 事件（含事件哈希）"),
        "application/ld+json",
        "jsonld",
        lambda export: encoded(epcis.document_of(export)),
        epcis.read_document,
        lambda document: document.get("type") == "EPCISDocument",
    ),
    Format(
        "national",
        Text("national report: the flows of one pack", "国家平台上报：单个电池的各流程"),
        "application/json",
        "json",
        _national,
        None,
        lambda document: "reports" in document,
    ),
    Format(
        "credential",
        Text("W3C Verifiable Credential, eddsa-jcs-2022", "W3C 可验证凭证（eddsa-jcs-2022）"),
        "application/vc",
        "json",
        _credential,
        _read_credential,
        lambda document: "credentialSubject" in document,
    ),
)
FORMATS: Final[Mapping[str, Format]] = MappingProxyType({one.name: one for one in _ALL})
"""Every format by its name."""


def read_document(data: bytes, name: str = "") -> Imported:
    """Read a document of a format that is named, or recognised by what it holds.

    Raises:
        CodecError: no JSON, no known format, or not what the format asks for.
    """
    try:
        document = plain_json(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CodecError("json", str(error)) from error
    if not isinstance(document, dict):
        raise CodecError("format", "no JSON object")
    found = [
        one for one in _ALL if one.read and (one.name == name if name else one.claims(document))
    ]
    if not found or found[0].read is None:
        raise CodecError("format", "no format that can be read back")
    try:
        content = found[0].read(document)
    except (TypeError, KeyError, AttributeError, ValueError, IndexError) as error:
        raise CodecError("format", f"no {found[0].name}: {error!r}") from error
    digest = hashlib.sha256(data).hexdigest()
    return Imported(
        content.format,
        content.unit,
        content.data,
        content.parts,
        content.events,
        content.issuer,
        digest,
        content.further,
    )
