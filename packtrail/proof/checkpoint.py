"""Signed checkpoints: the tree head as a C2SP note that standard log tools verify.

Format: C2SP tlog-checkpoint (origin, size, base64 root, each on a line) inside a C2SP
signed-note with an Ed25519 signature (type 0x01). The signature covers the note's text as it
stands, so no domain of ours goes before it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from packtrail.errors import CodecError
from packtrail.signing import SigningKey, VerifyKey

_ED25519: Final = b"\x01"
_HASH_BYTES: Final = 32
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")


class Checkpoint(NamedTuple):
    """A tree head: which log, how many leaves, the root over them, and what else it commits to."""

    origin: str
    size: int
    root: bytes
    extension: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What the signature covers."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode())
        return "".join(f"{line}\n" for line in (*lines, *self.extension))


def note_key_hash(name: str, key: VerifyKey) -> bytes:
    """4 bytes that name a key in a note: SHA-256(name, newline, type, key)."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + key.raw).digest()[:4]


def verifier_line(name: str, key: VerifyKey) -> str:
    """The key as note tools take it: `name+hash+base64(type, key)`."""
    encoded = base64.b64encode(_ED25519 + key.raw).decode()
    return f"{name}+{note_key_hash(name, key).hex()}+{encoded}"


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> str:
    """The note; the log's key goes by the log's origin, as C2SP asks."""
    blob = note_key_hash(checkpoint.origin, key.public) + key.private.sign(checkpoint.text.encode())
    signature = base64.b64encode(blob).decode()
    return f"{checkpoint.text}\n— {checkpoint.origin} {signature}\n"


def open_checkpoint(note: str, origin: str, key: VerifyKey) -> Checkpoint:
    """Check the log's signature and read the head; other signatures are ignored.

    Raises:
        CodecError: reason `checkpoint`: no note, another log, or no valid signature.
    """
    text, separator, signatures = note.rpartition("\n\n")
    checkpoint = _read(text + "\n")
    if not separator or checkpoint.origin != origin:
        raise CodecError("checkpoint", f"of {checkpoint.origin!r}, not of {origin!r}")
    wanted = note_key_hash(origin, key)
    for line in signatures.splitlines():
        blob = _signature(line, origin)
        if blob[:4] == wanted and _accepts(key, (text + "\n").encode(), blob[4:]):
            return checkpoint
    raise CodecError("checkpoint", "no valid signature of the log's key")


def _read(text: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) < 4 or not all(lines[:-1]) or not _SIZE.fullmatch(lines[1]):
        raise CodecError("checkpoint", "not origin, size and root")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except binascii.Error as error:
        raise CodecError("checkpoint", "the root is not base64") from error
    if len(root) != _HASH_BYTES:
        raise CodecError("checkpoint", f"a root of {len(root)} bytes")
    return Checkpoint(lines[0], int(lines[1]), root, tuple(lines[3:-1]))


def _signature(line: str, name: str) -> bytes:
    """Key hash and signature of a line by `name`, or b"" for any other line."""
    prefix = f"— {name} "
    if not line.startswith(prefix):
        return b""
    try:
        return base64.b64decode(line.removeprefix(prefix), validate=True)
    except binascii.Error:
        return b""


def _accepts(key: VerifyKey, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(signature, message)
    except InvalidSignature:
        return False
    return True
