"""How a gateway gets a certificate: its request, signed by its own key, and the bridge's answer.

The private keys never leave the device. A first request shows a one-time token that a person
was given; a later one (renewal) is believed for the key that signs it, if that key still
speaks for the gateway. A request is dated, so that an old one is worth nothing.
"""

from __future__ import annotations

import base64
from typing import Annotated, Final

import msgspec

from packtrail.errors import CodecError
from packtrail.shapes import from_json
from packtrail.signing import SigningKey, VerifyKey, canonical
from packtrail.topics import GATEWAY_ID

ENROL_DOMAIN: Final = "enrol"
MAX_REQUEST_BYTES: Final = 16_384
_Pem = Annotated[str, msgspec.Meta(max_length=8192)]


class EnrolRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a gateway asks for.

    Attributes:
        gateway: its id.
        public_key: base64 of the Ed25519 key that signs its records, and this request.
        csr: PKCS #10 request for its TLS certificate, PEM.
        token: the one-time token, "" for a renewal.
        made_at: RFC 3339 UTC.
        signature: base64 over the canonical JSON of the rest.
    """

    gateway: Annotated[str, msgspec.Meta(pattern=f"^{GATEWAY_ID}$")]
    public_key: Annotated[str, msgspec.Meta(max_length=64)]
    csr: _Pem
    token: Annotated[str, msgspec.Meta(max_length=256)]
    made_at: Annotated[str, msgspec.Meta(max_length=40)]
    signature: Annotated[str, msgspec.Meta(max_length=128)] = ""

    def signed(self, key: SigningKey) -> EnrolRequest:
        """The same with the key's signature."""
        signature = base64.b64encode(key.sign(ENROL_DOMAIN, self._bytes())).decode()
        return msgspec.structs.replace(self, signature=signature)

    def check(self) -> VerifyKey:
        """The key that signed it.

        Raises:
            CodecError: reason `signature`.
            PacktrailError: the public key is none.
        """
        key = VerifyKey.from_text(self.public_key)
        try:
            signature = base64.b64decode(self.signature, validate=True)
        except ValueError as error:
            raise CodecError("signature", "not base64") from error
        if not key.accepts(ENROL_DOMAIN, self._bytes(), signature):
            raise CodecError("signature", "the request is not signed by its own key")
        return key

    def _bytes(self) -> bytes:
        return canonical(msgspec.to_builtins(msgspec.structs.replace(self, signature="")))


class EnrolAnswer(msgspec.Struct, frozen=True):
    """What the bridge gives.

    Attributes:
        gateway: for whom.
        certificate: PEM.
        ca: the authority's certificate, PEM.
    """

    gateway: str
    certificate: _Pem
    ca: _Pem


def read_request(data: bytes) -> EnrolRequest:
    """Decode a request; nothing in it is believed yet.

    Raises:
        CodecError: reason `size` or `enrol`.
    """
    if len(data) > MAX_REQUEST_BYTES:
        raise CodecError("size", f"{len(data)} bytes, at most {MAX_REQUEST_BYTES}")
    try:
        return from_json(data, EnrolRequest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CodecError("enrol", str(error)[:200]) from error
