"""Cosignatures: what a witness adds to a signed head, after C2SP tlog-cosignature (Ed25519).

A line `— NAME BASE64(key id || time || signature)`; the signature covers `cosignature/v1`, the
moment in seconds, and the whole body of the head. Key ids have type 0x04.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Final, NamedTuple, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from packtrail.errors import PacktrailError
from packtrail.language import Text
from packtrail.signing import PUBLIC_KEY_BYTES, SigningKey, VerifyKey

_COSIGNATURE: Final = b"\x04"
_BLOB_BYTES: Final = 4 + 8 + 64


class WitnessKey(NamedTuple):
    """A witness by its name and public key."""

    name: str
    key: VerifyKey

    @classmethod
    def from_text(cls, text: str) -> Self:
        """From `NAME+HASH+BASE64`, as note tools write a key and `packtrail witness` prints it.

        Raises:
            PacktrailError: it is written otherwise, or its hash does not fit.
        """
        name, _, rest = text.partition("+")
        hashed, _, encoded = rest.partition("+")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raw = b""
        if name and raw[:1] == _COSIGNATURE and len(raw) == 1 + PUBLIC_KEY_BYTES:
            found = cls(name, VerifyKey(raw[1:]))
            if found.key_id.hex() == hashed:
                return found
        raise PacktrailError(
            Text("not the key of a witness", "不是见证方公钥"),
            where=text[:100],
            hint=Text("`packtrail witness` prints it", "由 packtrail witness 打印"),
        )

    @property
    def key_id(self) -> bytes:
        """4 bytes that name the key in a note."""
        named = self.name.encode() + b"\n" + _COSIGNATURE + self.key.raw
        return hashlib.sha256(named).digest()[:4]

    @property
    def text(self) -> str:
        """As settings hold it."""
        encoded = base64.b64encode(_COSIGNATURE + self.key.raw).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"


def cosign(body: str, name: str, key: SigningKey, t_s: int) -> str:
    """The line that a witness adds to a head with this body, newline and all."""
    signature = key.private.sign(_message(body, t_s))
    blob = WitnessKey(name, key.public).key_id + t_s.to_bytes(8, "big") + signature
    return f"— {name} {base64.b64encode(blob).decode()}\n"


def cosigned_at(note: str, witness: WitnessKey) -> int | None:
    """When the witness cosigned this head, UTC seconds; None if it did not."""
    body, separator, lines = note.rpartition("\n\n")
    if not separator:
        return None
    for line in lines.splitlines():
        blob = _blob(line, witness)
        t_s = int.from_bytes(blob[4:12], "big")
        if blob and _accepts(witness.key, _message(body + "\n", t_s), blob[12:]):
            return t_s
    return None


def _message(body: str, t_s: int) -> bytes:
    return f"cosignature/v1\ntime {t_s}\n{body}".encode()


def _blob(line: str, witness: WitnessKey) -> bytes:
    prefix = f"— {witness.name} "
    if not line.startswith(prefix):
        return b""
    try:
        blob = base64.b64decode(line.removeprefix(prefix), validate=True)
    except binascii.Error:
        return b""
    return blob if len(blob) == _BLOB_BYTES and blob[:4] == witness.key_id else b""


def _accepts(key: VerifyKey, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(signature, message)
    except InvalidSignature:
        return False
    return True
