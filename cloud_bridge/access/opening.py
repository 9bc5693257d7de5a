"""The gate that a bridge's settings call for."""

from __future__ import annotations

import time
from ipaddress import ip_network

from cloud_bridge.access.certificates import Certificates, Holder
from cloud_bridge.access.fields import Jurisdiction
from cloud_bridge.access.gate import Gate
from cloud_bridge.access.keys import KeyRing
from cloud_bridge.access.limits import Limits, Rate
from cloud_bridge.access.proxies import Proxies
from cloud_bridge.access.reads import ReadLog
from cloud_bridge.access.table import read_table
from cloud_bridge.access.visitor import Doors
from cloud_bridge.login.desk import LoginDesk
from cloud_bridge.login.discovery import Discovery
from cloud_bridge.login.settings import CertificateSettings
from cloud_bridge.settings import AccessSettings, BridgeSettings
from cloud_bridge.store.accounts import Accounts
from cloud_bridge.store.registers import Registers
from packtrail.settings import secret
from packtrail.signing import SigningKey


def gate_for(settings: BridgeSettings, store: Registers, login: LoginDesk | None) -> Gate | None:
    """The gate; None where only this machine can ask and the settings do not insist.

    Keys that an earlier version kept in a file are brought into the store.

    Raises:
        SettingsError: the table cannot be read or is not of the form.
    """
    if not settings.access_enforced:
        return None
    access, keys = settings.access, KeyRing(store)
    keys.take_over(access.folder)
    return Gate(
        read_table(access.table),
        Jurisdiction(access.jurisdiction),
        keys,
        ReadLog(access.folder),
        time.time_ns,
        Doors(
            login.sessions if login else None,
            Certificates(tuple(_holder(one) for one in access.certificate)),
            Proxies(
                tuple(ip_network(one) for one in settings.http.trusted_proxies),
                settings.http.certificate_header,
            ),
            _limits(access),
        ),
    )


def login_for(settings: BridgeSettings, accounts: Accounts, key: SigningKey) -> LoginDesk | None:
    """The login desk; None where there is no gate, or nobody may log in.

    Raises:
        PacktrailError: the provider's secret is not set, or its library is missing.
    """
    login = settings.login
    if not settings.access_enforced or not (login.password or login.oidc):
        return None
    return LoginDesk(accounts, login, time.time_ns, key)


def try_access(settings: BridgeSettings) -> None:
    """See that the access table can be read.

    Raises:
        SettingsError: it cannot, or is not of the form.
    """
    if settings.access_enforced:
        read_table(settings.access.table)


def try_login(settings: BridgeSettings) -> None:
    """See that a provider could be asked, and that it is what it says.

    Raises:
        PacktrailError: it does not answer, calls itself otherwise, its secret is not set, or the
            library is missing.
    """
    if settings.access_enforced and settings.login.oidc:
        oidc = settings.login.oidc
        if oidc.secret_env:
            secret(oidc.secret_env)
        Discovery(oidc.issuer, time.time_ns).described()


def _holder(entry: CertificateSettings) -> Holder:
    return Holder(
        entry.name, entry.role, entry.purposes, entry.codes, entry.fingerprint, entry.subject
    )


def _limits(access: AccessSettings) -> Limits:
    said = access.limits
    return Limits(
        Rate(said.anybody_per_minute, said.anybody_at_once),
        Rate(said.known_per_minute, said.known_at_once),
    )
