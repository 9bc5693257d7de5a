"""Who may speak and who may see: keys and grants, by an authority's word."""

from __future__ import annotations

from packtrail.event.refs import EventBody


class KeyRegistered(EventBody, frozen=True):
    """An authority lets a key speak: for whom, in which role, on which events, how long."""

    public_key: str
    party: str
    role: str
    event_types: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    valid_from: str = ""
    valid_to: str = ""
    codes: tuple[str, ...] = ()
    """Prefixes of the codes that it may speak of; empty means any."""


class KeyRotated(EventBody, frozen=True):
    """A party takes a new key: stated with the old one, countersigned by the new one.

    Attributes:
        public_key: the new one; it inherits role, events, sites and validity.
        proof: base64 signature of the new key over the old key's id, domain `rotation`.
        since: the old key has no voice from then on.
    """

    public_key: str
    proof: str
    since: str


class KeyRevoked(EventBody, frozen=True):
    """An authority takes a key's voice away, from `since` on."""

    key_id: str
    since: str
    reason: str = ""


class AccessGranted(EventBody, frozen=True):
    """An owner or authority lets a party see more than its role allows by itself.

    Attributes:
        grant: the author's number.
        party: who may see.
        fields: groups of fields, as the access table names them.
        purpose: `receive`, `repair`, `triage`, `trace` or `audit`.
    """

    grant: str
    party: str
    fields: tuple[str, ...] = ()
    purpose: str = ""
    valid_from: str = ""
    valid_to: str = ""


class AccessRevoked(EventBody, frozen=True):
    """A grant ends."""

    grant: str
    since: str
