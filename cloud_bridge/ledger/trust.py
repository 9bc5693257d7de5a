"""The trust list: which key speaks for whom, in which role, on what; a fold of key events.

KeyRegistered and KeyRevoked events of the ledger enter, in the order in which they were
recorded; only those count that the pinned authority key signed. A key without a valid entry
has no voice at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

from cloud_bridge.store.values import Entry
from packtrail.errors import CodecError, PacktrailError
from packtrail.event import Event, KeyRegistered, KeyRevoked, SignedEvent
from packtrail.signing import VerifyKey
from packtrail.times import parse_time


class Role(StrEnum):
    """Who somebody is, and hence which events are theirs to state."""

    GATEWAY = "gateway"
    MAKER = "maker"
    WORKSHOP = "workshop"
    OPERATOR = "operator"


EVENTS_OF_ROLE: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        Role.GATEWAY: frozenset(
            {
                "PackInstalled",
                "PackRemoved",
                "SwapPerformed",
                "ConditionCommitted",
                "IncidentRecorded",
                "IdentityContested",
                "TelemetryThinned",
            }
        ),
        Role.MAKER: frozenset({"UnitRegistered", "PackInstalled", "PackRemoved"}),
        Role.WORKSHOP: frozenset(
            {"PackInstalled", "PackRemoved", "ConditionCommitted", "IncidentRecorded"}
        ),
        Role.OPERATOR: frozenset({"PackInstalled", "PackRemoved", "SwapPerformed"}),
    }
)
"""Event types that a role may state unless its key is confined further. Keys are the
authority's alone."""


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
            if signed_by(entry.signed, self.authority):
                _apply(voices, entry)
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


def _apply(voices: dict[str, Voice], entry: Entry) -> None:
    try:
        body = entry.event.body
        if isinstance(body, KeyRegistered):
            voice = _voice(body, entry.leaf)
            voices[voice.key.key_id] = voice
        elif isinstance(body, KeyRevoked) and body.key_id in voices:
            voices[body.key_id] = _revoked(voices[body.key_id], parse_time(body.since))
    except (CodecError, PacktrailError):
        # The authority itself signed something unreadable: it gives nobody a voice.
        return


def _voice(body: KeyRegistered, leaf: int) -> Voice:
    allowed = EVENTS_OF_ROLE.get(body.role, frozenset())
    return Voice(
        key=VerifyKey.from_text(body.public_key),
        party=body.party,
        role=body.role,
        event_types=allowed & set(body.event_types) if body.event_types else allowed,
        sites=frozenset(body.sites),
        from_ns=parse_time(body.valid_from) if body.valid_from else 0,
        to_ns=parse_time(body.valid_to) if body.valid_to else None,
        revoked_ns=None,
        leaf=leaf,
    )


def _revoked(voice: Voice, since_ns: int) -> Voice:
    return Voice(
        voice.key,
        voice.party,
        voice.role,
        voice.event_types,
        voice.sites,
        voice.from_ns,
        voice.to_ns,
        since_ns,
        voice.leaf,
    )


def _site(event: Event) -> str:
    """The site that an event speaks of, or ""."""
    place = getattr(event.body, "place", None)
    return getattr(place, "site", "") or getattr(event.body, "site", "")
