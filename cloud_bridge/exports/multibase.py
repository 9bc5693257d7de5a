"""base58btc and did:key of Ed25519, as Data Integrity proofs write them (multibase `z`)."""

from __future__ import annotations

from typing import Final

from packtrail.errors import CodecError
from packtrail.signing import PUBLIC_KEY_BYTES, VerifyKey

_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ED25519_PUB: Final = b"\xed\x01"
"""Multicodec of an Ed25519 public key, as a varint."""


def base58(data: bytes) -> str:
    """`z` and the base58btc text of `data`."""
    number = int.from_bytes(data)
    text = ""
    while number:
        number, digit = divmod(number, 58)
        text = _ALPHABET[digit] + text
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "z" + _ALPHABET[0] * zeros + text


def from_base58(text: str) -> bytes:
    """The bytes of `base58`'s text.

    Raises:
        CodecError: reason `multibase`.
    """
    if not text.startswith("z") or any(char not in _ALPHABET for char in text[1:]):
        raise CodecError("multibase", text[:80])
    number = 0
    for char in text[1:]:
        number = number * 58 + _ALPHABET.index(char)
    digits = text[1:]
    zeros = len(digits) - len(digits.lstrip(_ALPHABET[0]))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8)


def did_of(key: VerifyKey) -> str:
    """`did:key:z6Mk...` of a public key."""
    return f"did:key:{base58(_ED25519_PUB + key.raw)}"


def method_of(key: VerifyKey) -> str:
    """The verification method of the key within its own DID document."""
    did = did_of(key)
    return f"{did}#{did.removeprefix('did:key:')}"


def key_of(method: str) -> VerifyKey:
    """The key of a `did:key`, with or without its fragment.

    Raises:
        CodecError: no Ed25519 did:key.
    """
    name = method.split("#", 1)[0].removeprefix("did:key:")
    raw = from_base58(name)
    if raw[:2] != _ED25519_PUB or len(raw) != 2 + PUBLIC_KEY_BYTES:
        raise CodecError("did", method[:80])
    return VerifyKey(raw[2:])
