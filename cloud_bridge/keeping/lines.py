"""Ledger lines, looked at one by one: form, place, columns, signature, entitlement, index.

Pure and picklable, so that several processes share the work: signatures take most of it. What
can only be told from all lines together is handed back.
"""

from __future__ import annotations

import base64
import bisect
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_bridge.store.recorder import Facts, facts_of
from cloud_bridge.store.values import Fact
from packtrail.errors import CodecError, PacktrailError
from packtrail.event import (
    EVENT_DOMAIN,
    Event,
    KeyRegistered,
    KeyRevoked,
    SignedEvent,
    decode_with_canonical,
    encode_line,
    subjects,
    units_named,
)
from packtrail.proof.entry import Entry
from packtrail.proof.merkle import leaf_hash
from packtrail.proof.trust import TrustList, Voice
from packtrail.signing import VerifyKey

Name = tuple[str, str]
"""Scheme and id of a unit, or kind and id of another subject."""


class Line(NamedTuple):
    """A row of the ledger with what the indexes list of it."""

    leaf: int
    event_id: str
    type: str
    author: str
    stream: str
    counter: int
    data: bytes
    units: frozenset[Name]
    subjects: frozenset[Name]


@dataclass(slots=True)
class Looked:
    """What a portion of lines gave.

    Attributes:
        hashes: leaf hashes, 32 bytes each, in order.
        lines: faults of the lines themselves.
        index: faults of what is listed.
        statements: (leaf, event ids that it speaks of, units that it names itself).
        facts: places, vehicles and attributions that these lines state.
    """

    hashes: bytes = b""
    lines: list[str] = field(default_factory=list)
    index: list[str] = field(default_factory=list)
    statements: list[tuple[int, frozenset[str], frozenset[Name]]] = field(default_factory=list)
    facts: Facts = field(default_factory=Facts)


class Voices:
    """Who could speak when: the trust list as it stood before each line.

    Args:
        authority: the pinned key.
        entries: every key line, rising.
    """

    def __init__(self, authority: VerifyKey, entries: Sequence[Entry]) -> None:
        self._authority = authority
        self._lists = [TrustList(authority)]
        self._from = [-1]
        for entry in entries:
            self._lists.append(self._lists[-1].extended([entry]))
            self._from.append(entry.leaf)
        self._public: dict[bytes, Ed25519PublicKey] = {}

    def of(self, key_id: str, leaf: int) -> Voice | None:
        """The voice of a key just before `leaf` was recorded."""
        at = bisect.bisect_left(self._from, leaf) - 1
        return self._lists[at].voices.get(key_id) if at >= 0 else None

    def fault(self, signed: SignedEvent, event: Event, leaf: int, canonical: bytes) -> str:
        """Why this line may not stand there, or ""."""
        if isinstance(event.body, KeyRegistered | KeyRevoked):
            own = signed.key_id == self._authority.key_id
            held = own and self._accepts(self._authority, signed, canonical)
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
        if key.raw not in self._public:
            self._public[key.raw] = Ed25519PublicKey.from_public_bytes(key.raw)
        message = f"packtrail/{EVENT_DOMAIN}/1\n".encode() + canonical
        try:
            signature = base64.b64decode(signed.signature, validate=True)
            self._public[key.raw].verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


def look(lines: Sequence[Line], voices: Voices) -> Looked:
    """Look at a portion of lines."""
    found, hashes = Looked(), []
    for line in lines:
        hashes.append(leaf_hash(line.data))
        try:
            _look_at(line, voices, found)
        except (CodecError, PacktrailError, msgspec.ValidationError, UnicodeError) as error:
            found.lines.append(f"leaf {line.leaf} cannot be read: {error}")
    found.hashes = b"".join(hashes)
    return found


def _look_at(line: Line, voices: Voices, found: Looked) -> None:
    signed, canonical = decode_with_canonical(line.data)
    event = signed.read()
    for fault in _form_faults(line, signed, event, canonical):
        found.lines.append(f"leaf {line.leaf}: {fault}")
    fault = voices.fault(signed, event, line.leaf, canonical)
    if fault:
        found.lines.append(f"leaf {line.leaf}: {fault}")
    _look_at_index(line, event, found)
    found.facts.add(facts_of(Fact(signed, event), line.leaf))


def _form_faults(line: Line, signed: SignedEvent, event: Event, canonical: bytes) -> list[str]:
    faults = []
    if encode_line(signed, canonical) != line.data:
        faults.append("not in canonical form")
    if hashlib.sha256(canonical).hexdigest() != line.event_id:
        faults.append("listed under another id")
    told: dict[str, Any] = {"type": event.type, "author": event.author}
    told |= {"stream": event.stream, "counter": event.counter}
    faults += [
        f"its column {name} says {getattr(line, name)!r:.80}, the line {value!r:.80}"
        for name, value in told.items()
        if getattr(line, name) != value
    ]
    return faults


def _look_at_index(line: Line, event: Event, found: Looked) -> None:
    named = {(unit.scheme, unit.id) for unit in units_named(event)}
    spoken = {tuple(subject) for subject in subjects(event)}
    targets = frozenset(name for kind, name in spoken if kind == "event")
    for kind, wanted, listed in (
        ("unit", named, line.units),
        ("subject", spoken, line.subjects),
    ):
        for one in sorted(wanted - listed):
            found.index.append(f"leaf {line.leaf} names {kind} {':'.join(one)} and is not listed")
    for one in sorted(line.subjects - spoken):
        found.index.append(f"leaf {line.leaf} is listed under {':'.join(one)} and does not name it")
    if targets:
        found.statements.append((line.leaf, targets, frozenset(named)))
        return
    for one in sorted(line.units - named):
        found.index.append(f"leaf {line.leaf} is listed under {':'.join(one)} and does not name it")
