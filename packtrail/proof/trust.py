"""The trust list: which key speaks for whom, in which role, on what; a fold of key events.

Key events of the ledger enter, in the order in which they were recorded. Registering and
revoking count with the pinned authority's signature only; a rotation counts with the old key's
signature and the new key's proof. A key without a valid entry has no voice at all.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from packtrail.errors import CodecError, PacktrailError
from packtrail.event import (
    EVENTS_OF_ROLE,
    Event,
    KeyRegistered,
    KeyRevoked,
    KeyRotated,
    Role,
    SignedEvent,
    units_named,
)
from packtrail.proof.entry import Entry
from packtrail.signing import VerifyKey
from packtrail.times import parse_time


@dataclass(frozen=True, slots=True)
class Voice:
    """What the trust list says of one key.

    Attributes:
        key: checks its signatures.
        party: whom it speaks for; the author of its events.
        role: see `Role`; an unknown role may state nothing.
        event_types: what it may state.
        sites: sites that it may speak of; empty means any.
        from_ns: valid from, UTC ns.
        to_ns: valid up to and without, UTC ns, or None.
        revoked_ns: no voice from then on, UTC ns, or None.
        leaf: where the ledger says so.
        codes: prefixes of the unit codes that it may speak of; empty means any.
        root: the registered key that this one descends from by rotation; itself otherwise.
    """

    key: VerifyKey
    party: str
    role: str
    event_types: frozenset[str]
    sites: frozenset[str]
    from_ns: int
    to_ns: int | None
    revoked_ns: int | None
    leaf: int
    codes: tuple[str, ...] = ()
    root: str = ""

    def valid(self, now_ns: int) -> bool:
        """Whether the key may speak at `now_ns`."""
        ends = [end for end in (self.to_ns, self.revoked_ns) if end is not None]
        return self.from_ns <= now_ns and all(now_ns < end for end in ends)

    def objection(self, event: Event) -> str:
        """Why this voice may not state `event`, or "" when it may."""
        if event.author != self.party:
            return f"{self.party} speaks for itself, not for {event.author}"
        if event.type not in self.event_types:
            return f"{self.party} ({self.role}) may not state {event.type}"
        site = _site(event)
        if site and self.sites and site not in self.sites:
            return f"{self.party} may not speak of site {site}"
        for unit in units_named(event) if self.codes else ():
            if not unit.id.startswith(self.codes):
                return f"{self.party} may not speak of unit {unit}"
        return ""


@dataclass(frozen=True, slots=True)
class TrustList:
    """Every key that ever had a voice.

    Attributes:
        authority: the pinned key that alone may register and revoke.
        voices: key id -> its latest entry.
        through: the last ledger leaf that was read, -1 for none.
    """

    authority: VerifyKey
    voices: Mapping[str, Voice] = field(default_factory=dict)
    through: int = -1

    def extended(self, entries: Iterable[Entry]) -> Self:
        """The list after further key events, in ledger order."""
        voices, through = dict(self.voices), self.through
        for entry in entries:
            through = entry.leaf
            _apply(voices, entry, self.authority)
        return type(self)(self.authority, voices, through)

    def voice(self, key_id: str, now_ns: int) -> Voice | None:
        """The voice of a key at `now_ns`, or None if it has none."""
        voice = self.voices.get(key_id)
        return voice if voice and voice.valid(now_ns) else None

    def gateways(self) -> dict[str, frozenset[str]]:
        """Gateway id -> its sites, of every gateway that was ever trusted."""
        return {v.party: v.sites for v in self.voices.values() if v.role == Role.GATEWAY}


def signed_by(signed: SignedEvent, key: VerifyKey) -> bool:
    """Whether the event names this key and carries its signature."""
    return signed.key_id == key.key_id and signed.accepted_by(key)


def _apply(voices: dict[str, Voice], entry: Entry, authority: VerifyKey) -> None:
    try:
        body = entry.event.body
        if isinstance(body, KeyRotated):
            _rotate(voices, entry, body)
        elif not signed_by(entry.signed, authority):
            return
        elif isinstance(body, KeyRegistered):
            voice = _voice(body, entry.leaf)
            voices[voice.key.key_id] = voice
        elif isinstance(body, KeyRevoked):
            _revoke(voices, body)
    except (CodecError, PacktrailError):
        # Somebody signed something unreadable: it gives nobody a voice.
        return


def _voice(body: KeyRegistered, leaf: int) -> Voice:
    allowed = EVENTS_OF_ROLE[Role(body.role)] if body.role in set(Role) else frozenset()
    key = VerifyKey.from_text(body.public_key)
    return Voice(
        key=key,
        party=body.party,
        role=body.role,
        event_types=allowed & set(body.event_types) if body.event_types else allowed,
        sites=frozenset(body.sites),
        from_ns=parse_time(body.valid_from) if body.valid_from else 0,
        to_ns=parse_time(body.valid_to) if body.valid_to else None,
        revoked_ns=None,
        leaf=leaf,
        codes=body.codes,
        root=key.key_id,
    )


def _rotate(voices: dict[str, Voice], entry: Entry, body: KeyRotated) -> None:
    """The new key inherits what the old one may, and the old one falls silent."""
    old = voices.get(entry.signed.key_id)
    since, key = parse_time(body.since), VerifyKey.from_text(body.public_key)
    if old is None or not old.valid(since) or key.key_id in voices:
        return
    if not (entry.signed.accepted_by(old.key) and proves_rotation(body, old.key)):
        return
    voices[key.key_id] = replace(old, key=key, from_ns=since, leaf=entry.leaf)
    voices[old.key.key_id] = replace(old, revoked_ns=since)


def _revoke(voices: dict[str, Voice], body: KeyRevoked) -> None:
    """Take the voice of a key, and of every key that descends from it: a thief may have rotated."""
    gone = voices.get(body.key_id)
    if gone is None:
        return
    since = parse_time(body.since)
    heirs = {key_id for key_id, one in voices.items() if _descends(one, gone)}
    for key_id in heirs | {body.key_id}:
        one = voices[key_id]
        ends = [end for end in (one.revoked_ns, since) if end is not None]
        voices[key_id] = replace(one, revoked_ns=min(ends))


def _descends(one: Voice, gone: Voice) -> bool:
    return one.root == gone.root and one.leaf > gone.leaf


def proves_rotation(body: KeyRotated, old: VerifyKey) -> bool:
    """Whether the new key itself agrees to follow `old`."""
    try:
        proof = base64.b64decode(body.proof, validate=True)
    except binascii.Error:
        return False
    return VerifyKey.from_text(body.public_key).accepts("rotation", old.key_id.encode(), proof)


def _site(event: Event) -> str:
    """The site that an event speaks of, or ""."""
    place = getattr(event.body, "place", None)
    return getattr(place, "site", "") or getattr(event.body, "site", "")
