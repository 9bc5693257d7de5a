"""Client certificates of machines: by fingerprint or subject to role, purposes and codes.

That a certificate holds (its chain, its dates, that the sender has the key) TLS has verified.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography import x509

from cloud_bridge.access.fields import Purpose, Reader


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a certificate stands for.

    Attributes:
        name: whose it is.
        role: what the table judges it as.
        purposes: what it may read for; the first where a request names none.
        codes: it has its role for codes that begin so. Empty: all.
        fingerprint: SHA-256 of the DER bytes, hexadecimal; "" if `subject` says which.
        subject: whole name as RFC 4514 writes it, such as `CN=north yard,O=Yard Ltd`.
    """

    name: str
    role: Reader
    purposes: tuple[Purpose, ...]
    codes: tuple[str, ...] = ()
    fingerprint: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Certificates:
    """Those that are known."""

    holders: tuple[Holder, ...] = ()

    def holder(self, der: bytes) -> Holder | None:
        """Whose certificate it is; its own fingerprint comes before a subject that fits."""
        if not self.holders:
            return None
        print_ = hashlib.sha256(der).hexdigest()
        subject = _subject(der)
        fits = [one for one in self.holders if one.fingerprint == print_]
        fits += [one for one in self.holders if subject and one.subject == subject]
        return fits[0] if fits else None


def _subject(der: bytes) -> str:
    try:
        return x509.load_der_x509_certificate(der).subject.rfc4514_string()
    except ValueError:
        return ""
