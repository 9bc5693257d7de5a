"""A gateway joins over HTTP, speaks over mutual TLS, renews, and is revoked; all parts real."""

from __future__ import annotations

import shutil
import ssl
import time
from datetime import timedelta

import pytest
from cryptography import x509

from cloud_bridge.enrolment import CertificateAuthority
from cloud_bridge.enrolment.at_terminal import make_authority, make_token, revoke, sign_file
from cloud_bridge.service import Bridge
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.web import WebServer, application, context_over, guarded, listen
from gateway.enrolment import Renewal, look_at_certificate
from gateway.errors import GatewayError
from gateway.settings import GatewaySettings
from gateway.uplink.link import Inbox, Opened, PahoLink
from packtrail.command import run_line
from packtrail.settings import load
from packtrail.signing import SigningKey
from packtrail.topics import receipt_topic, status_topic
from tests.services import LOOPBACK, Mosquitto, free_port


@pytest.fixture
def folder(tmp_path):
    assert run_line(["bridge", "init", str(tmp_path / "b")]) == 0
    file = tmp_path / "b" / "bridge.toml"
    text = file.read_text().replace("port = 1883", f"port = {free_port()}")
    file.write_text(text)
    make_authority(file, LOOPBACK)
    key = SigningKey.load(tmp_path / "b" / "bridge.pem").public.text
    line = ["gateway", "init", str(tmp_path / "g"), "--id", "station-9", "--bridge-key", key]
    assert run_line(line) == 0
    return tmp_path


@pytest.fixture
def bridge(folder):
    """The web side and the ledger of a bridge; its broker is elsewhere."""
    file = folder / "b" / "bridge.toml"
    settings = load(BridgeSettings, file)
    settings = settings.model_copy(update={"http": settings.http.model_copy(update={"port": 0})})
    listener = listen(settings.http)
    made = Bridge(settings)
    web = WebServer(
        guarded(application(context_over(made, file)), settings.http.allowed_hosts), listener
    )
    made.start()
    web.start()
    yield web.url, made
    web.stop()
    made.stop()


def enrol(folder, url: str, *more: str) -> int:
    settings = str(folder / "g" / "gateway.toml")
    return run_line(["gateway", "enrol", "--settings", settings, "--url", url, *more])


def settings_of(folder) -> GatewaySettings:
    return load(GatewaySettings, folder / "g" / "gateway.toml")


def connects(folder, port: int) -> bool:
    settings = settings_of(folder)
    broker = settings.broker.model_copy(update={"host": LOOPBACK, "port": port})
    inbox = Inbox()
    ways = {"listen": [receipt_topic("station-9")], "status": status_topic("station-9")}
    link = PahoLink(broker.broker("station-9"), inbox, window=1, **ways)
    try:
        link.open()
        return isinstance(inbox.take(5), Opened)
    except GatewayError:
        return False
    finally:
        link.close()


def test_a_gateway_joins_speaks_renews_and_is_revoked(folder, bridge, capsys):
    url, made = bridge
    file, ca = folder / "b" / "bridge.toml", folder / "b" / "ca"
    token = make_token(file, "station-9", ("north",), 1.0)
    assert enrol(folder, url, "--token", token) == 0
    paths = settings_of(folder).certificate_paths
    assert paths.key.stat().st_mode & 0o077 == 0
    assert look_at_certificate(paths.certificate, paths.key).name == "station-9"
    public = SigningKey.load(folder / "g" / "gateway.key").public
    voice = made.trust().voice(public.key_id, time.time_ns())
    assert (voice.party, voice.sites) == ("station-9", frozenset({"north"}))
    assert enrol(folder, url, "--token", token) == 2, "a token is good once"
    assert "used" in capsys.readouterr().err

    tls = (
        f"cafile {ca}/ca.pem\ncertfile {ca}/{LOOPBACK}.pem\nkeyfile {ca}/{LOOPBACK}.key\n"
        f"crlfile {ca}/ca.crl\nrequire_certificate true\nuse_identity_as_username true\n"
    )
    broker = Mosquitto(folder / "m", tls)
    broker.start()
    try:
        assert connects(folder, broker.port)
        before = look_at_certificate(paths.certificate, paths.key).ends
        assert enrol(folder, url) == 0, "a renewal needs no token"
        assert look_at_certificate(paths.certificate, paths.key).ends >= before
        assert settings_of(folder).bridge.url == url
        assert connects(folder, broker.port)
        assert "1 keys and 2 certificates" in revoke(file, "station-9", "stolen").en
        assert made.trust().voice(public.key_id, time.time_ns()) is None
        assert enrol(folder, url) == 2, "what was revoked is not renewed"
        broker.restart()
        assert not connects(folder, broker.port)
    finally:
        broker.stop()


def test_a_token_of_another_bridge_or_gateway_is_worth_nothing(folder, bridge, capsys):
    url, _ = bridge
    file = folder / "b" / "bridge.toml"
    other = make_token(file, "station-8", (), 1.0)
    assert enrol(folder, url, "--token", other) == 2
    good = make_token(file, "station-9", (), 1.0)
    name, _fingerprint, secret = good.split(".", 2)
    assert enrol(folder, url, "--token", f"{name}.{'0' * 16}.{secret}") == 2
    assert "another bridge" in capsys.readouterr().err
    assert enrol(folder, "http://bridge.example", "--token", good) == 2
    assert "https" in capsys.readouterr().err


def test_an_authority_of_ones_own_signs_by_files(folder):
    settings, csr = str(folder / "g" / "gateway.toml"), folder / "request.csr"
    assert run_line(["gateway", "enrol", "--settings", settings, "--csr", str(csr)]) == 0
    out = folder / "signed.pem"
    sign_file(folder / "b" / "bridge.toml", "station-9", csr, out)
    words = ["--settings", settings, "--certificate", str(out)]
    assert run_line(["gateway", "enrol", *words]) == 0
    paths = settings_of(folder).certificate_paths
    assert look_at_certificate(paths.certificate, paths.key).days_left > 80
    assert run_line(["gateway", "enrol", *words]) == 2, "no key waits for it any more"


def test_a_certificate_is_renewed_in_its_last_third(folder, bridge):
    url, _ = bridge
    token = make_token(folder / "b" / "bridge.toml", "station-9", (), 1.0)
    assert enrol(folder, url, "--token", token) == 0
    paths, key = (
        settings_of(folder).certificate_paths,
        SigningKey.load(folder / "g" / "gateway.key"),
    )
    renewal = Renewal(url, paths, "station-9", key)
    assert not renewal.look()
    authority = CertificateAuthority.load(folder / "b" / "ca")
    from gateway.enrolment import install, write_request

    install(paths, authority.sign(write_request(paths, "station-9"), "station-9", 0.001))
    assert look_at_certificate(paths.certificate, paths.key).is_due
    assert renewal.look()
    assert look_at_certificate(paths.certificate, paths.key).days_left > 80


def test_a_request_names_nobody_else_and_wants_no_authority(folder):
    """Whatever a request says, the certificate is for that gateway, and signs nothing."""
    from gateway.enrolment import Paths, write_request

    paths = Paths(folder / "k.pem", folder / "c.pem", folder / "ca.pem")
    authority = CertificateAuthority.load(folder / "b" / "ca")
    pem = authority.sign(write_request(paths, "somebody-else"), "station-9", 1.0)
    certificate = x509.load_pem_x509_certificate(pem.encode())
    assert certificate.subject.rfc4514_string() == "CN=station-9"
    limits = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert not limits.ca
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert life < timedelta(2)
    shutil.copy(folder / "b" / "ca" / "ca.pem", folder / "trust.pem")
    ssl.create_default_context(cafile=folder / "trust.pem")
