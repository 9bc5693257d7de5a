"""The certificate: an appraisal as a W3C Verifiable Credential that anybody checks offline.

The same proof as the passport's (`eddsa-jcs-2022`, see `cloud_bridge.exports.credential`), so a
foreign verifier reads it too. It is valid for a while only: health and prices move.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import msgspec

from cloud_bridge.appraisal.appraiser import Appraisal
from cloud_bridge.exports.credential import issuer_of, secured
from cloud_bridge.exports.multibase import did_of
from cloud_bridge.exports.passport import passport_id
from cloud_bridge.ledger.offline import CERTIFICATE
from packtrail.errors import CodecError
from packtrail.proof.pack import Check
from packtrail.shapes import convert
from packtrail.signing import SigningKey, VerifyKey
from packtrail.times import NS_PER_S, format_time, parse_time

CONTEXT: Final = [
    "https://www.w3.org/ns/credentials/v2",
    {"@vocab": "urn:packtrail:appraisal:1#"},
]

Json = dict[str, Any]


def certificate_of(appraisal: Appraisal, key: SigningKey, valid_days: int) -> Json:
    """The signed certificate; its `id` follows from what it says."""
    subject = passport_id(appraisal.unit, appraisal.life)
    until = parse_time(appraisal.at) + int(timedelta(days=valid_days).total_seconds()) * NS_PER_S
    content = hashlib.sha256(msgspec.json.encode(appraisal, order="sorted")).hexdigest()
    name = f"{CERTIFICATE}/{appraisal.state_digest}/{appraisal.at}/{content}"
    document = {
        "@context": CONTEXT,
        "id": uuid.uuid5(uuid.UUID(subject), name).urn,
        "type": ["VerifiableCredential", CERTIFICATE],
        "issuer": did_of(key.public),
        "validFrom": appraisal.at,
        "validUntil": format_time(until),
        "credentialSubject": {"id": subject, "appraisal": msgspec.to_builtins(appraisal)},
    }
    return secured(document, key, appraisal.at)


def check_certificate(document: Json, key: VerifyKey, now_ns: int) -> tuple[str, list[Check]]:
    """What was checked of a certificate.

    Args:
        document: as JSON.
        key: of the bridge that is trusted to appraise.
        now_ns: UTC, for its validity.

    Returns:
        The pack's code ("" where none is legible), and each check with its faults.
    """
    appraisal, content = _content(document)
    checks = [
        Check("issuer", 1, _faults(lambda: _issued(document, key))),
        Check("appraisal", 1, content),
        Check("validity", 1, _faults(lambda: _in_time(document, now_ns))),
    ]
    if appraisal is not None:
        checks.append(Check("subject", 1, _faults(lambda: _about(document, appraisal))))
    return str(appraisal.unit) if appraisal else "", checks


def appraisal_in(document: Json) -> Appraisal:
    """The appraisal that a certificate carries.

    Raises:
        CodecError: it carries none.
    """
    subject = document.get("credentialSubject")
    carried = subject.get("appraisal") if isinstance(subject, dict) else None
    try:
        return convert(carried, Appraisal)
    except msgspec.ValidationError as error:
        raise CodecError("appraisal", str(error)) from error


def _content(document: Json) -> tuple[Appraisal | None, tuple[str, ...]]:
    try:
        return appraisal_in(document), ()
    except CodecError as error:
        return None, (str(error),)


def _faults(check: Callable[[], None]) -> tuple[str, ...]:
    try:
        check()
    except CodecError as error:
        return (str(error),)
    return ()


def _issued(document: Json, key: VerifyKey) -> None:
    issuer = issuer_of(document)
    if issuer != did_of(key):
        raise CodecError("issuer", f"signed by {issuer}, not by the key that was given")


def _in_time(document: Json, now_ns: int) -> None:
    begin, end = (parse_time(str(document.get(name, ""))) for name in ("validFrom", "validUntil"))
    if not begin <= now_ns <= end:
        raise CodecError("validity", f"from {format_time(begin)} to {format_time(end)}")


def _about(document: Json, appraisal: Appraisal) -> None:
    subject = document["credentialSubject"].get("id")
    if subject != passport_id(appraisal.unit, appraisal.life):
        raise CodecError("subject", f"{subject} is another pack's")
