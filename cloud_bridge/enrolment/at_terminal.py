"""What `packtrail bridge ca | token | sign | revoke` do; texts leave."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from cloud_bridge.enrolment.authority import CA_FILE, CRL_FILE, CertificateAuthority
from cloud_bridge.enrolment.revoked import revoke_trust
from cloud_bridge.enrolment.tokens import TokenBook
from cloud_bridge.errors import BridgeError
from cloud_bridge.settings import BridgeSettings
from packtrail.errors import os_fault
from packtrail.language import Text
from packtrail.settings import load

BROKER_DAYS: Final = 825


def make_authority(path: Path, broker: str) -> list[Text]:
    """Make the authority if there is none, and a certificate for a broker if one is named.

    Raises:
        BridgeError: the folder cannot be used.
    """
    settings = load(BridgeSettings, path)
    folder = settings.enrolment.folder
    try:
        if not (folder / CA_FILE).exists():
            CertificateAuthority.create(folder, settings.name)
        authority = CertificateAuthority.load(folder)
        told = [
            Text(f"authority {folder / CA_FILE}", f"证书机构 {folder / CA_FILE}"),
            Text(f"revocations {folder / CRL_FILE}", f"吊销列表 {folder / CRL_FILE}"),
        ]
        if broker:
            files = authority.issue_server(broker, BROKER_DAYS)
            told += [Text(f"broker {file}", f"消息代理 {file}") for file in files]
    except OSError as error:
        raise BridgeError(os_fault(error).describe(), where=str(folder)) from error
    return told


def make_token(path: Path, gateway: str, sites: tuple[str, ...], hours: float) -> str:
    """A one-time token for a gateway."""
    settings = load(BridgeSettings, path)
    authority = CertificateAuthority.load(settings.enrolment.folder)
    book = TokenBook(settings.enrolment.folder)
    return book.new(gateway, sites, authority.fingerprint, time.time_ns(), hours)


def sign_file(path: Path, gateway: str, csr: Path, out: Path) -> Text:
    """Sign a request that came as a file.

    Raises:
        BridgeError: it is none.
    """
    settings = load(BridgeSettings, path)
    authority = CertificateAuthority.load(settings.enrolment.folder)
    try:
        pem = authority.sign(csr.read_text("utf-8"), gateway, settings.enrolment.days)
        out.write_text(pem, "utf-8")
    except (OSError, UnicodeDecodeError) as error:
        where = str(getattr(error, "filename", None) or csr)
        raise BridgeError(Text(f"{error}", f"{error}"), where=where) from error
    return Text(f"made {out}", f"已生成 {out}")


def revoke(path: Path, gateway: str, reason: str) -> Text:
    """Take certificates and voice from a gateway, at once."""
    settings = load(BridgeSettings, path)
    keys = revoke_trust(settings, gateway, reason)
    folder = settings.enrolment.folder
    count = CertificateAuthority.load(folder).revoke(gateway) if (folder / CA_FILE).exists() else 0
    file = folder / CRL_FILE
    return Text(
        f"{gateway}: {keys} keys and {count} certificates revoked; the broker has to read {file}",
        f"{gateway}：已吊销 {keys} 个公钥与 {count} 份证书；请让消息代理重新读取 {file}",
    )
