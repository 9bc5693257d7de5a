"""Ed25519 keys and signatures (RFC 8032) over canonical JSON (RFC 8785) and over raw bytes.

Every signature covers a domain prefix, so that a signed receipt can never pass for a signed
event. A key is named by the first 16 hex digits of the SHA-256 of its public half.
"""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

import rfc8785
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from packtrail.canonical import quick_canonical
from packtrail.errors import PacktrailError, os_fault
from packtrail.language import Text

SIGNATURE_BYTES = 64
PUBLIC_KEY_BYTES = 32
_MAKE = Text("make one with `packtrail key new FILE`", "用 packtrail key new 生成")
_PUBLIC = Text("`packtrail key show FILE` prints it", "用 packtrail key show 查看")


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """The public half: checks signatures and names the key."""

    raw: bytes

    @classmethod
    def from_text(cls, text: str) -> Self:
        """From base64 as `SigningKey.public_text` prints it."""
        try:
            raw = base64.b64decode(text, validate=True)
        except ValueError as error:
            told = Text("the public key is not base64", "公钥不是 base64")
            raise PacktrailError(told, where=text, hint=_PUBLIC) from error
        if len(raw) != PUBLIC_KEY_BYTES:
            told = Text("a public key has 32 bytes, this has {n}", "公钥应为 32 字节，此处为 {n}")
            raise PacktrailError(told.fill(n=len(raw)), where=text, hint=_PUBLIC)
        return cls(raw)

    @property
    def key_id(self) -> str:
        """First 16 hex digits of the SHA-256 of the key."""
        return hashlib.sha256(self.raw).hexdigest()[:16]

    @property
    def text(self) -> str:
        """Base64, as settings and trust lists hold it."""
        return base64.b64encode(self.raw).decode()

    def accepts(self, domain: str, message: bytes, signature: bytes) -> bool:
        """Whether `signature` is this key's over `message` in `domain`."""
        try:
            _opened(self.raw).verify(signature, _with_domain(domain, message))
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The private half, kept in a file that only its owner may read."""

    private: Ed25519PrivateKey

    @classmethod
    def generate(cls) -> Self:
        """A new random key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """The key of 32 given bytes: for simulators and golden files only."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a PEM file; refuse one that others may read.

        Raises:
            PacktrailError: the file is not there, not ours alone, or no Ed25519 key.
        """
        if not path.exists():
            raise PacktrailError(Text("no key file", "密钥文件不存在"), where=str(path), hint=_MAKE)
        try:
            pem, mode = path.read_bytes(), path.stat().st_mode
        except OSError as error:
            raise os_fault(error, path) from error
        if mode & 0o077:
            raise PacktrailError(
                Text("others may read this key", "该密钥文件可被其他用户读取"),
                where=str(path),
                hint=f"chmod 600 {path}",
            )
        # Formats of private keys load slowly, and who only checks signatures needs none.
        from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - see above
            load_pem_private_key,
        )

        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            told = Text("not a PEM private key without password", "不是无密码的 PEM 私钥")
            raise PacktrailError(told, where=str(path), hint=_MAKE) from error
        if not isinstance(key, Ed25519PrivateKey):
            told = Text("not an Ed25519 key", "不是 Ed25519 密钥")
            raise PacktrailError(told, where=str(path), hint=_MAKE)
        return cls(key)

    def save(self, path: Path) -> None:
        """Write a new PEM file with mode 600; never overwrite one."""
        from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - see load
            Encoding,
            NoEncryption,
            PrivateFormat,
        )

        pem = self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())

    @property
    def public(self) -> VerifyKey:
        """The public half."""
        return VerifyKey(self.private.public_key().public_bytes_raw())

    @property
    def key_id(self) -> str:
        """The name of the key, see `VerifyKey.key_id`."""
        return self.public.key_id

    def sign(self, domain: str, message: bytes) -> bytes:
        """64 bytes over `message` in `domain`."""
        return self.private.sign(_with_domain(domain, message))


def canonical(value: object) -> bytes:
    """RFC 8785 bytes of a JSON value; integers stay below 2**53."""
    found = quick_canonical(value)
    return rfc8785.dumps(value) if found is None else found  # type: ignore[arg-type]  # its type is recursive, ours is checked


@lru_cache(maxsize=4_096)
def _opened(raw: bytes) -> Ed25519PublicKey:
    """A public key as OpenSSL wants it: a bridge checks many signatures of the same few keys."""
    return Ed25519PublicKey.from_public_bytes(raw)


def _with_domain(domain: str, message: bytes) -> bytes:
    return f"packtrail/{domain}/1\n".encode() + message
