"""Who could speak when: the trust list as it stood before each line of the ledger."""

from __future__ import annotations

import base64
import bisect
from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from packtrail.event import EVENT_DOMAIN, Event, KeyRegistered, KeyRevoked, SignedEvent
from packtrail.proof.entry import Entry
from packtrail.proof.trust import TrustList, Voice
from packtrail.signing import VerifyKey


class Voices:
    """What the trust list said of each key, from which line on.

    Args:
        authority: the pinned key.
        entries: every key line, rising.
    """

    def __init__(self, authority: VerifyKey, entries: Sequence[Entry]) -> None:
        self._authority = authority
        self._own = authority.key_id
        self._told: dict[str, list[tuple[int, Voice]]] = {}
        self._public: dict[bytes, Ed25519PublicKey] = {}
        known = TrustList(authority)
        for entry in entries:
            before, known = known, known.extended([entry])
            for key_id, voice in known.voices.items():
                if before.voices.get(key_id) is not voice:
                    self._told.setdefault(key_id, []).append((entry.leaf, voice))

    def of(self, key_id: str, leaf: int) -> Voice | None:
        """The voice of a key just before `leaf` was recorded."""
        told = self._told.get(key_id, ())
        at = bisect.bisect_left(told, leaf, key=lambda one: one[0]) - 1
        return told[at][1] if at >= 0 else None

    def fault(self, signed: SignedEvent, event: Event, leaf: int, canonical: bytes) -> str:
        """Why this line may not stand there, or ""."""
        if isinstance(event.body, KeyRegistered | KeyRevoked):
            held = signed.key_id == self._own and self._accepts(self._authority, signed, canonical)
            return "" if held else "not signed by the authority"
        voice = self.of(signed.key_id, leaf)
        if voice is None:
            return f"key {signed.key_id[:64]} was not registered before it"
        if not self._accepts(voice.key, signed, canonical):
            return "the signature does not fit"
        if voice.revoked_ns is not None and event.from_ns >= voice.revoked_ns:
            return "its key was revoked by then"
        return voice.objection(event)

    def _accepts(self, key: VerifyKey, signed: SignedEvent, canonical: bytes) -> bool:
        """`SignedEvent.accepted_by` without making canonical form and key anew each time."""
        public = self._public.get(key.raw)
        if public is None:
            public = self._public[key.raw] = Ed25519PublicKey.from_public_bytes(key.raw)
        message = f"packtrail/{EVENT_DOMAIN}/1\n".encode() + canonical
        try:
            signature = base64.b64decode(signed.signature, validate=True)
            public.verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True
