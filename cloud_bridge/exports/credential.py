"""The passport as a W3C Verifiable Credential 2.0 with an `eddsa-jcs-2022` proof.

W3C Verifiable Credential Data Integrity 1.0 and Data Integrity EdDSA Cryptosuites v1.0, 3.3: the
proof covers SHA-256 of the canonical proof options, then SHA-256 of the canonical document (both
RFC 8785). Whole data points travel in it, so nothing is lost on return.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_bridge.exports.datum import Passport
from cloud_bridge.exports.multibase import base58, did_of, from_base58, key_of, method_of
from packtrail.errors import CodecError
from packtrail.shapes import convert
from packtrail.signing import SigningKey, canonical

CONTEXT: Final = [
    "https://www.w3.org/ns/credentials/v2",
    # Terms of the base context are protected; ours are beside them.
    {"@vocab": "urn:packtrail:passport:1#"},
]
TYPE: Final = "BatteryPassportCredential"
SUITE: Final = "eddsa-jcs-2022"

Json = dict[str, Any]


def credential_of(passport: Passport, key: SigningKey, now: str) -> Json:
    """The signed credential.

    Args:
        passport: as its reader may see it.
        key: the issuer's.
        now: RFC 3339 UTC.
    """
    subject = msgspec.to_builtins(passport)
    document = {
        "@context": CONTEXT,
        "id": uuid.uuid5(uuid.UUID(passport.id), f"{passport.state_digest}/{now}").urn,
        "type": ["VerifiableCredential", TYPE],
        "issuer": did_of(key.public),
        "validFrom": now,
        "credentialSubject": {"id": passport.link or passport.id, "passport": subject},
    }
    return secured(document, key, now)


def secured(document: Json, key: SigningKey, created: str, method: str = "") -> Json:
    """A document with a proof of its own; `method` names the key, by default its did:key."""
    options = {
        "type": "DataIntegrityProof",
        "cryptosuite": SUITE,
        "created": created,
        "verificationMethod": method or method_of(key.public),
        "proofPurpose": "assertionMethod",
        **({"@context": document["@context"]} if "@context" in document else {}),
    }
    signature = key.private.sign(_hashes(options, document))
    return document | {"proof": options | {"proofValue": base58(signature)}}


def issuer_of(credential: Json) -> str:
    """The did:key that signed a credential; it is the document's own issuer.

    Raises:
        CodecError: `proof` where the proof is not of this suite or does not fit, `issuer` where
            somebody else signed.
    """
    proof = credential.get("proof")
    if not isinstance(proof, dict) or proof.get("cryptosuite") != SUITE:
        raise CodecError("proof", f"no {SUITE} proof")
    if proof.get("type") != "DataIntegrityProof" or proof.get("proofPurpose") != "assertionMethod":
        raise CodecError("proof", "neither for assertion nor a DataIntegrityProof")
    method = str(proof.get("verificationMethod", ""))
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    document = {name: value for name, value in credential.items() if name != "proof"}
    if "@context" in options and not _begins(document.get("@context"), options["@context"]):
        raise CodecError("proof", "signed for another context")
    try:
        signature = from_base58(str(proof.get("proofValue", "")))
        key = Ed25519PublicKey.from_public_bytes(key_of(method).raw)
        key.verify(signature, _hashes(options, document))
    except (InvalidSignature, ValueError, RecursionError) as error:
        raise CodecError("proof", "the signature does not fit the document") from error
    issuer = document.get("issuer")
    named = issuer.get("id") if isinstance(issuer, dict) else issuer
    did = method.split("#", 1)[0]
    if named != did:
        raise CodecError("issuer", f"signed by {did}, issued by {named}")
    return did


def passport_in(credential: Json) -> Passport:
    """The passport that a credential of ours carries.

    Raises:
        CodecError: it carries none.
    """
    subject = credential.get("credentialSubject")
    carried = subject.get("passport") if isinstance(subject, dict) else None
    try:
        return convert(carried, Passport)
    except msgspec.ValidationError as error:
        raise CodecError("passport", str(error)) from error


def _hashes(options: Json, document: Json) -> bytes:
    parts = (hashlib.sha256(canonical(part)).digest() for part in (options, document))
    return b"".join(parts)


def _begins(context: Any, signed: Any) -> bool:
    """Whether the document's contexts begin with the proof's, in order."""
    ours, theirs = (one if isinstance(one, list) else [one] for one in (context, signed))
    return ours[: len(theirs)] == theirs
