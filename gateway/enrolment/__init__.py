"""How a gateway gets, renews and shows its certificate; the keys never leave the device.

A token that a person was given enters once; key, certificate and the authority's certificate
lie beside the settings from then on, and are renewed before they run out.
"""

from gateway.enrolment.certificate import CertificateState, look_at_certificate
from gateway.enrolment.enrol import Paths, enrol, install, write_request
from gateway.enrolment.renewal import Renewal

__all__ = [
    "CertificateState",
    "Paths",
    "Renewal",
    "enrol",
    "install",
    "look_at_certificate",
    "write_request",
]
