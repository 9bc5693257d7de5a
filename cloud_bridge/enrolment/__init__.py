"""Gateways join: a small certificate authority, one-time tokens, renewal and revocation.

Signed requests enter, certificates leave; the key of an enrolled gateway is put on the trust
list in the same step. Everything lies in one folder of plain files, which is backed up with
the bridge's key.
"""

from cloud_bridge.enrolment.authority import CertificateAuthority
from cloud_bridge.enrolment.desk import EnrolmentDesk
from cloud_bridge.enrolment.tokens import TokenBook

__all__ = ["CertificateAuthority", "EnrolmentDesk", "TokenBook"]
