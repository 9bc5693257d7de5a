"""A verifier written from docs/reference/bridge.md alone, sharing no code with the bridge."""

from __future__ import annotations

import base64
import hashlib

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from packtrail.event import PackInstalled
from tests.cloud_bridge import parts


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def root_by(path: list[bytes], leaf: int, size: int, value: bytes) -> bytes:
    """RFC 9162 section 2.1.3.2."""
    fn, sn = leaf, size - 1
    for step in path:
        assert sn != 0
        if fn % 2 == 1 or fn == sn:
            value = sha(b"\x01" + step + value)
            while fn % 2 == 0 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            value = sha(b"\x01" + value + step)
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0
    return value


def test_a_foreign_program_can_verify_a_pack(desk):
    gateway = parts.PlayedGateway()
    desk.submit(parts.registered().signed)
    desk.receive(*(gateway.tell(PackInstalled(place=parts.SLOT), t_ns=i) for i in range(5)))
    proof = desk.get(f"/api/v1/packs/{parts.CODE}/proof").json()

    text, _, signature = proof["checkpoint"].partition("\n\n")
    _origin, size, root, stories = text.split("\n")
    blob = base64.b64decode(signature.split(" ")[2])
    bridge = Ed25519PublicKey.from_public_bytes(parts.AUTHORITY.public.raw)
    bridge.verify(blob[4:], (text + "\n").encode())

    keys = {}
    for line in (*proof["keys"], *proof["facts"]):
        signed, path = line["signed"], [base64.b64decode(step) for step in line["path"]]
        hashed = sha(b"\x00" + rfc8785.dumps(signed))
        assert root_by(path, line["leaf"], int(size), hashed) == base64.b64decode(root)
        body = signed["event"]["body"]
        key = keys.get(signed["key_id"], bridge)
        message = b"packtrail/event/1\n" + rfc8785.dumps(signed["event"])
        key.verify(base64.b64decode(signed["signature"]), message)
        if body["type"] == "KeyRegistered":
            raw = base64.b64decode(body["public_key"])
            keys[sha(raw).hex()[:16]] = Ed25519PublicKey.from_public_bytes(raw)
    assert len(proof["facts"]) == 6

    # That none is left out, by the formulas of packtrail/proof/stories.py.
    scheme, name = parts.PACK.scheme.encode(), parts.PACK.id.encode()
    key, head = sha(b"\x00" + scheme + b"\x00" + name), bytes(32)
    for line in sorted(proof["facts"], key=lambda one: one["leaf"]):
        head = sha(b"\x01" + head + sha(b"\x00" + rfc8785.dumps(line["signed"])))
    value = sha(b"\x02" + len(proof["facts"]).to_bytes(8, "big") + head)
    bucket = [tuple(map(base64.b64decode, pair)) for pair in proof["complete"]["bucket"]]
    assert dict(bucket)[key] == value
    position, node = int.from_bytes(key[:2], "big"), sha(b"\x03" + b"".join(map(b"".join, bucket)))
    for step in map(base64.b64decode, proof["complete"]["path"]):
        node = sha(b"\x04" + (step + node if position % 2 else node + step))
        position //= 2
    assert stories == "packtrail-stories " + base64.b64encode(node).decode()
