"""A key made here, a request for it, and the certificate that comes back.

Over the network in one step, or by files: `write_request` makes one that any authority can
sign, `install` puts in what it gave. The address has to be HTTPS, or on this computer.
"""

from __future__ import annotations

import hashlib
import os
import ssl
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gateway.enrolment.certificate import CertificateState, look_at_certificate
from gateway.errors import GatewayError
from packtrail.enrolment import EnrolAnswer, EnrolRequest
from packtrail.language import Text
from packtrail.shapes import from_json
from packtrail.signing import SigningKey
from packtrail.times import format_time

WAIT_S: Final = 20.0
MOST_BYTES: Final = 65_536
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Paths:
    """Where key and certificates lie."""

    key: Path
    certificate: Path
    ca: Path

    @property
    def fresh_key(self) -> Path:
        """A key whose certificate has not come yet."""
        return self.key.with_name(f"{self.key.name}.new")


def write_request(paths: Paths, gateway: str) -> str:
    """Make a key that waits for its certificate; its PKCS #10 request, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    paths.key.parent.mkdir(parents=True, exist_ok=True)
    paths.fresh_key.unlink(missing_ok=True)
    _write(paths.fresh_key, pem, 0o600)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, gateway)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode()


def install(paths: Paths, certificate: str, ca: str = "") -> CertificateState:
    """Put a certificate in with the key that waits for it; the old pair goes only then.

    Raises:
        GatewayError: it is none, or not that key's.
    """
    fresh = paths.certificate.with_name(f"{paths.certificate.name}.new")
    _write(fresh, certificate.encode(), 0o644)
    try:
        state = look_at_certificate(fresh, paths.fresh_key)
    except GatewayError:
        fresh.unlink()
        raise
    if ca:
        _write(paths.ca, ca.encode(), 0o644)
    paths.fresh_key.replace(paths.key)
    fresh.replace(paths.certificate)
    return state


def enrol(
    url: str, paths: Paths, gateway: str, key: SigningKey, token: str = "", ca: Path | None = None
) -> CertificateState:
    """Ask a bridge for a certificate; without a token it is a renewal.

    Args:
        url: of the bridge.
        paths: where everything lies.
        gateway: our id.
        key: signs the request, as it signs records.
        token: what a person was given, "" for a renewal.
        ca: who may vouch for the bridge's own HTTPS, None for the system's list.

    Raises:
        GatewayError: the bridge says no or nothing, or is not the one of the token.
    """
    request = EnrolRequest(
        gateway=gateway,
        public_key=key.public.text,
        csr=write_request(paths, gateway),
        token=token,
        made_at=format_time(time.time_ns()),
    )
    answer = _post(url, msgspec.json.encode(request.signed(key)), ca)
    if answer.gateway != gateway:
        raise _refused(url, f"the certificate is for {answer.gateway}")
    expected = token.split(".")[-2] if token.count(".") >= 2 else ""
    if expected and not _fingerprint(answer.ca).startswith(expected):
        raise _refused(url, "the token belongs to another bridge")
    return install(paths, answer.certificate, answer.ca)


def _post(url: str, body: bytes, ca: Path | None) -> EnrolAnswer:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise _refused(url, "give an https:// address")
    request = urllib.request.Request(  # noqa: S310 - https, or this computer
        f"{url.rstrip('/')}/api/v1/enrol", body, {"Content-Type": "application/json"}
    )
    context = ssl.create_default_context(cafile=ca) if parts.scheme == "https" else None
    try:
        with urllib.request.urlopen(request, timeout=WAIT_S, context=context) as answer:  # noqa: S310 - as above
            return from_json(answer.read(MOST_BYTES), EnrolAnswer)
    except urllib.error.HTTPError as error:
        raise _refused(url, _reason(error)) from error
    except (OSError, ValueError) as error:
        raise _refused(url, str(error)) from error


def _reason(error: urllib.error.HTTPError) -> str:
    """The bridge's own words, or the status."""
    try:
        problem = from_json(error.read(MOST_BYTES), dict[str, object])
    except (OSError, msgspec.DecodeError):
        return f"HTTP {error.code}"
    return str(problem.get("detail") or f"HTTP {error.code}")[:300]


def _fingerprint(pem: str) -> str:
    try:
        der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    except ValueError:
        return ""
    return hashlib.sha256(der).hexdigest()


def _write(path: Path, data: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _refused(url: str, why: str) -> GatewayError:
    return GatewayError(
        Text(f"no certificate: {why}", f"未取得证书：{why}"),
        where=url,
        hint=Text(
            "ask for a token: `packtrail bridge token GATEWAY`",
            "请在云端执行 packtrail bridge token 网关编号 获取令牌",
        ),
        retryable=True,
    )
