"""The small certificate authority for gateways' client certificates (X.509, RFC 5280).

Key and certificate lie in a folder; what was issued and revoked is written down there, and a
revocation list for the broker beside it (mosquitto's `crlfile`). It issues leaf certificates
only: the name is the gateway's id whatever the request says.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Self

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cloud_bridge.enrolment.folder import locked, write_whole
from cloud_bridge.errors import BridgeError
from packtrail.language import Text
from packtrail.shapes import from_json

CA_FILE, KEY_FILE, CRL_FILE = "ca.pem", "ca.key", "ca.crl"
ISSUED_FILE: Final = "issued.json"
CA_DAYS: Final = 3650
CRL_DAYS: Final = 3650
"""A list that ran out would lock every gateway out; a new one is written with each revocation."""
EARLIER: Final = timedelta(minutes=10)
"""A gateway's clock may be so much behind ours."""


Public = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


class Issued(msgspec.Struct, frozen=True):
    """One certificate that was given out; `revoked_at` is "" while it holds."""

    serial: str
    gateway: str
    to: str
    revoked_at: str = ""


@dataclass(frozen=True, slots=True)
class CertificateAuthority:
    """Signs in the name of one folder."""

    folder: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def create(cls, folder: Path, name: str) -> Self:
        """Make key and certificate in an empty folder.

        Raises:
            BridgeError: there is an authority already.
        """
        if (folder / KEY_FILE).exists():
            raise BridgeError(
                Text("there is an authority already", "证书机构已存在"),
                where=str(folder),
                hint=Text("it goes on; nothing to do", "可直接使用，无需操作"),
            )
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} gateways")])
        certificate = (
            _builder(subject, subject, key.public_key(), CA_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        write_whole(folder / KEY_FILE, _private(key))
        write_whole(folder / CA_FILE, certificate.public_bytes(Encoding.PEM), 0o644)
        authority = cls(folder, certificate, key)
        authority._write([])
        return authority

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read an authority.

        Raises:
            BridgeError: there is none, or others may read its key.
        """
        try:
            mode = (folder / KEY_FILE).stat().st_mode
            key = load_pem_private_key((folder / KEY_FILE).read_bytes(), None)
            certificate = x509.load_pem_x509_certificate((folder / CA_FILE).read_bytes())
        except (OSError, ValueError) as error:
            raise BridgeError(
                Text(f"no certificate authority: {error}", f"没有可用的证书机构：{error}"),
                where=str(folder),
                hint=Text("make one with `packtrail bridge ca`", "用 packtrail bridge ca 建立"),
            ) from error
        if mode & 0o077 or not isinstance(key, ec.EllipticCurvePrivateKey):
            raise BridgeError(
                Text("others may read the authority's key", "证书机构密钥可被其他用户读取"),
                where=str(folder / KEY_FILE),
                hint=Text("chmod 600 the file", "请执行 chmod 600"),
            )
        return cls(folder, certificate, key)

    @property
    def pem(self) -> str:
        """Our certificate."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of our certificate, hex."""
        return hashlib.sha256(self.certificate.public_bytes(Encoding.DER)).hexdigest()

    def sign(self, csr_pem: str, gateway: str, days: float) -> str:
        """A client certificate for the key of a request, whatever name that asks for.

        Raises:
            BridgeError: the request is none, is not signed by its key, or its key is weak.
        """
        public = check_request(csr_pem)
        certificate = self._leaf(public, gateway, days, ExtendedKeyUsageOID.CLIENT_AUTH, None)
        to = certificate.not_valid_after_utc.isoformat()
        with locked(self.folder):
            issued = Issued(f"{certificate.serial_number:x}", gateway, to)
            self._write([*self.issued(), issued])
        return certificate.public_bytes(Encoding.PEM).decode()

    def issue_server(self, host: str, days: float) -> tuple[Path, Path]:
        """Certificate and key for a broker of that name, beside our own files."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._leaf(
            key.public_key(), host, days, ExtendedKeyUsageOID.SERVER_AUTH, _alternative(host)
        )
        paths = self.folder / f"{host}.pem", self.folder / f"{host}.key"
        write_whole(paths[0], certificate.public_bytes(Encoding.PEM), 0o644)
        write_whole(paths[1], _private(key))
        return paths

    def revoke(self, gateway: str) -> int:
        """Take back every certificate of a gateway; how many."""
        now = datetime.now(UTC).isoformat()
        with locked(self.folder):
            before = self.issued()
            after = [
                msgspec.structs.replace(one, revoked_at=now)
                if one.gateway == gateway and not one.revoked_at
                else one
                for one in before
            ]
            self._write(after)
        return sum(old != new for old, new in zip(before, after, strict=True))

    def issued(self) -> list[Issued]:
        """Everything that was given out."""
        return from_json((self.folder / ISSUED_FILE).read_bytes(), list[Issued])

    def _leaf(
        self,
        public: Public,
        name: str,
        days: float,
        purpose: x509.ObjectIdentifier,
        alternative: x509.SubjectAlternativeName | None,
    ) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            _builder(subject, self.certificate.subject, public, days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        )
        if alternative:
            builder = builder.add_extension(alternative, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def _write(self, issued: list[Issued]) -> None:
        """What was issued, and the list of what is revoked of it."""
        now = datetime.now(UTC)
        crl = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now - EARLIER)
            .next_update(now + timedelta(days=CRL_DAYS))
        )
        for one in issued:
            if one.revoked_at:
                revoked = x509.RevokedCertificateBuilder().serial_number(int(one.serial, 16))
                at = datetime.fromisoformat(one.revoked_at)
                crl = crl.add_revoked_certificate(revoked.revocation_date(at).build())
        write_whole(self.folder / ISSUED_FILE, msgspec.json.encode(issued))
        signed = crl.sign(self.key, hashes.SHA256())
        write_whole(self.folder / CRL_FILE, signed.public_bytes(Encoding.PEM), 0o644)


def check_request(csr_pem: str) -> Public:
    """The key of a request that is signed by that key.

    Raises:
        BridgeError: it is none, or its key is weak.
    """
    try:
        request = x509.load_pem_x509_csr(csr_pem.encode())
        key, sound = request.public_key(), request.is_signature_valid
    except (ValueError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise _bad(str(error)) from error
    if not sound:
        raise _bad("it is not signed by its own key")
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= 256:
        return key
    raise _bad("its key is neither P-256 or better nor Ed25519")


def _bad(why: str) -> BridgeError:
    return BridgeError(
        Text(f"the certificate request cannot be used: {why}", f"证书请求不可用：{why}"),
        where="csr",
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: Public,
    days: float,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative(host: str) -> x509.SubjectAlternativeName:
    try:
        return x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))])
    except ValueError:
        return x509.SubjectAlternativeName([x509.DNSName(host)])


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
