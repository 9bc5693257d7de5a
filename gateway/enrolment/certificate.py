"""What a certificate file says of itself: whose it is, how long it holds, whether the key fits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from gateway.errors import GatewayError
from packtrail.errors import reason_of
from packtrail.language import Text


@dataclass(frozen=True, slots=True)
class CertificateState:
    """One certificate.

    Attributes:
        name: its common name.
        begins: UTC.
        ends: UTC.
    """

    name: str
    begins: datetime
    ends: datetime

    @property
    def days_left(self) -> float:
        """Until it runs out; negative when it has."""
        return (self.ends - datetime.now(UTC)).total_seconds() / 86_400

    @property
    def is_due(self) -> bool:
        """Whether the last third of its life has begun: time to renew it."""
        return datetime.now(UTC) >= self.ends - (self.ends - self.begins) / 3


def look_at_certificate(certificate: Path, key: Path) -> CertificateState:
    """Read a certificate and hold it against its key.

    Raises:
        GatewayError: a file is missing or no such thing, the key is another's or open to others.
    """
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        mode = key.stat().st_mode
        private = load_pem_private_key(key.read_bytes(), None)
    except OSError as error:
        raise _unusable(str(error.filename or certificate), reason_of(error)) from error
    except (ValueError, TypeError) as error:
        raise _unusable(str(certificate), Text(str(error), str(error))) from error
    if mode & 0o077:
        raise GatewayError(
            Text("others may read this key", "该密钥文件可被其他用户读取"),
            where=str(key),
            hint=Text(f"chmod 600 {key}", f"请执行 chmod 600 {key}"),
        )
    whole = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if found.public_key().public_bytes(*whole) != private.public_key().public_bytes(*whole):
        raise _unusable(str(certificate), Text("its key is another one", "证书与密钥不匹配"))
    names = found.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    name = str(names[0].value) if names else ""
    return CertificateState(name, found.not_valid_before_utc, found.not_valid_after_utc)


def _unusable(where: str, why: Text) -> GatewayError:
    return GatewayError(
        Text("the certificate cannot be used: {why}", "证书不可用：{why}").fill(why=why),
        where=where,
        hint=Text(
            "`packtrail gateway enrol` gets a new one", "用 packtrail gateway enrol 重新申请"
        ),
    )
