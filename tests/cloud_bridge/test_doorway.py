"""Who stands at the door: certificates over TLS, what proxies say, how much each may ask."""

from __future__ import annotations

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from urllib.parse import quote

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from cloud_bridge.access import Purpose, Reader
from cloud_bridge.access.certificates import Certificates, Holder
from cloud_bridge.access.limits import Limits, Rate
from cloud_bridge.access.proxies import Origin, Proxies
from cloud_bridge.enrolment import CertificateAuthority
from cloud_bridge.errors import BridgeError
from cloud_bridge.settings import HttpSettings, HttpTlsSettings
from cloud_bridge.web import WebServer, application, guarded, listen, tls_context
from tests.cloud_bridge import parts
from tests.cloud_bridge.login_parts import house_over
from tests.cloud_bridge.running import settings_for

PATH = "/api/v1/duties"
OPERATOR = {"role": Reader.OPERATOR, "purposes": (Purpose.AUDIT,)}


class Papers:
    """An authority, a server's certificate, and those of two machines."""

    def __init__(self, folder):
        self.authority = CertificateAuthority.create(folder / "ca", "bridge-1")
        self.server = self.authority.issue_server("127.0.0.1", 1)
        self.yard = self._client(self.authority, folder, "yard-1")
        self.other = self._client(self.authority, folder, "yard-2")
        stranger = CertificateAuthority.create(folder / "ca-2", "other")
        self.forged = self._client(stranger, folder / "ca-2", "yard-1")
        self.tls = HttpTlsSettings(
            certificate=self.server[0], key=self.server[1], client_ca=folder / "ca" / "ca.pem"
        )
        self.ca = folder / "ca" / "ca.pem"

    @staticmethod
    def _client(authority, folder, name):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        csr = (
            x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
        )
        paths = folder / f"{name}.pem", folder / f"{name}.key"
        pem = csr.public_bytes(Encoding.PEM).decode()
        paths[0].write_text(authority.sign(pem, name, 1))
        paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return paths


def der_of(paths) -> bytes:
    return x509.load_pem_x509_certificate(paths[0].read_bytes()).public_bytes(Encoding.DER)


@pytest.fixture
def papers(tmp_path):
    return Papers(tmp_path)


@pytest.fixture
def served(desk, tmp_path, papers):
    """The bridge over TLS; yard-1 is an operator by fingerprint, yard-2 nobody."""
    print_ = hashlib.sha256(der_of(papers.yard)).hexdigest()
    known = Certificates((Holder("north yard", **OPERATOR, fingerprint=print_),))
    house = house_over(desk, tmp_path, certificates=known)
    app = guarded(application(house.context), ("127.0.0.1",))
    server = WebServer(app, listen(HttpSettings(port=0)), papers.tls)
    server.start()
    yield house, server.url
    server.stop()


def ask(url, papers, cert=None):
    return requests.get(url + PATH, verify=papers.ca, cert=cert, timeout=10)


def test_a_machine_is_known_by_its_certificate(served, papers):
    house, url = served
    assert url.startswith("https://")
    answer = ask(url, papers, papers.yard)
    assert answer.status_code == 200, answer.text
    assert house.gate.log.newest(1)[0].reader == "certificate north yard"
    assert ask(url, papers).status_code == 401
    assert ask(url, papers, papers.other).status_code == 401
    with pytest.raises(requests.exceptions.ConnectionError):
        ask(url, papers, papers.forged)


def test_a_header_is_not_believed_from_who_is_no_proxy(served, papers):
    _, url = served
    told = {"Client-Cert": f":{base64.b64encode(der_of(papers.yard)).decode()}:"}
    answer = requests.get(url + PATH, verify=papers.ca, headers=told, timeout=10)
    assert answer.status_code == 401


def behind(proxy: str, header: str = "Client-Cert"):
    return Proxies((ip_network(proxy),), header)


@pytest.mark.parametrize("form", ["rfc9440", "nginx"])
def test_a_trusted_proxy_passes_a_certificate_on(desk, tmp_path, papers, form):
    der = der_of(papers.yard)
    text = f":{base64.b64encode(der).decode()}:"
    if form == "nginx":
        text = quote(papers.yard[0].read_text())
    known = Certificates((Holder("yard", **OPERATOR, subject="CN=yard-1"),))
    house = house_over(desk, tmp_path, certificates=known, proxies=behind("10.0.0.0/8"))
    told = {"Client-Cert": text, "X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"}
    inside = house.browser("http://testserver", "10.1.2.3")
    assert inside.get(PATH, headers=told).status_code == 200
    assert house.gate.log.newest(1)[0].address == "198.51.100.7"
    assert house.browser("http://testserver", "11.1.2.3").get(PATH, headers=told).status_code == 401
    for broken in (":###:", "x", ":", "-----BEGIN CERTIFICATE-----"):
        assert inside.get(PATH, headers=told | {"Client-Cert": broken}).status_code == 401


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "203.0.113.9, rubbish", "10.0.0.1"),
        ("10.0.0.1", ", ".join(["203.0.113.9"] + ["10.0.0.2"] * 500), "10.0.0.2"),
        ("testclient", "203.0.113.9", "testclient"),
    ],
)
def test_the_address_is_the_last_that_no_proxy_of_ours_has(peer, forwarded, address):
    scope = {
        "type": "http",
        "scheme": "http",
        "client": (peer, 1),
        "headers": [(b"x-forwarded-for", forwarded.encode()), (b"x-forwarded-proto", b"https")],
    }
    origin = behind("10.0.0.0/8").origin(scope)
    assert origin.address == address
    assert origin.secure == peer.startswith("10.")


def test_one_subscriber_is_an_address_or_of_ipv6_a_64():
    assert Origin("192.0.2.1", False).block == "192.0.2.1"
    assert Origin("2001:db8:1:2:3::4", False).block == Origin("2001:db8:1:2::9", False).block
    assert Origin("2001:db8:1:3::4", False).block != Origin("2001:db8:1:2::9", False).block


class Monotonic:
    """Seconds that the test sets."""

    s = 100.0

    def __call__(self):
        return self.s


def limits(now, **more):
    return Limits(Rate(60, 3), Rate(600, 5), now, **more)


def test_a_bucket_empties_and_fills_evenly():
    now = Monotonic()
    counted = limits(now)
    assert [counted.wait_s("a", known=False) for _ in range(4)] == [0, 0, 0, 1.0]
    assert counted.wait_s("b", known=False) == 0
    now.s += 0.5
    assert counted.wait_s("a", known=False) == 0.5
    now.s += 0.5
    assert [counted.wait_s("a", known=False) for _ in range(2)] == [0, 1.0]
    now.s += 3600
    assert [counted.wait_s("a", known=False) for _ in range(4)] == [0, 0, 0, 1.0]


def test_the_memory_of_who_asked_is_bounded_and_counts_right_from_many_threads():
    now = Monotonic()
    few = limits(now, most=100)
    for number in range(1000):
        few.wait_s(str(number), known=False)
    assert len(few) == 100
    many = Limits(Rate(60, 1), Rate(60, 500), now)
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: many.wait_s("a", known=True), range(2000)))
    assert waits.count(0.0) == 500


@pytest.fixture
def limited(desk, tmp_path):
    house = house_over(desk, tmp_path, limits=limits(Monotonic()), proxies=behind("10.0.0.0/8"))
    desk.submit(parts.registered().signed)
    return house


def test_who_asks_too_much_is_told_when_to_come_back_in_his_language(limited):
    browser = limited.browser()
    answers = [browser.get("/api/v1/packs") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    told = answers[-1]
    assert told.headers["retry-after"] == "1"
    assert told.headers["content-type"] == "application/problem+json"
    assert told.headers["x-content-type-options"] == "nosniff"
    assert told.json()["title"] == "Too many requests"
    assert told.json()["retry_after_s"] == 1
    chinese = browser.get("/", headers={"Accept-Language": "zh"})
    assert chinese.status_code == 429
    assert chinese.json()["title"] == "请求过于频繁"
    assert "1 秒后重试" in chinese.json()["detail"]
    assert browser.get("/health").status_code == 200


def test_each_key_has_a_bucket_of_its_own_wherever_it_asks_from(limited):
    def key(name):
        made = limited.gate.keys.add(name, Reader.RECYCLER, (Purpose.TRIAGE,), (), limited.clock())
        return {"Authorization": f"Bearer {made}"}

    first, second = key("first"), key("second")
    browser, elsewhere = limited.browser(), limited.browser(address="192.0.2.77")
    asked = [browser.get("/api/v1/packs", headers=first).status_code for _ in range(4)]
    asked += [elsewhere.get("/api/v1/packs", headers=first).status_code for _ in range(2)]
    assert asked == [200] * 5 + [429]
    assert browser.get("/api/v1/packs", headers=second).status_code == 200
    assert browser.get("/api/v1/packs").status_code == 200


def test_keys_that_are_made_up_count_on_the_address(limited):
    browser = limited.browser()
    asked = [
        browser.get("/api/v1/packs", headers={"Authorization": f"Bearer pt_{n:08}_x"}).status_code
        for n in range(4)
    ]
    asked.append(browser.get("/", headers={"Cookie": "__Host-packtrail=made-up"}).status_code)
    assert asked == [401] * 3 + [429] * 2


def test_an_address_cannot_choose_another_by_a_header_but_a_proxy_of_ours_tells(limited):
    def asked(browser, number):
        told = {"X-Forwarded-For": f"203.0.113.{number}"}
        return browser.get("/api/v1/packs", headers=told).status_code

    browser, proxy = limited.browser(), limited.browser(address="10.0.0.1")
    assert [asked(browser, number) for number in range(4)] == [200, 200, 200, 429]
    assert [asked(proxy, number) for number in range(4)] == [200] * 4
    assert [asked(proxy, 9) for _ in range(4)] == [200, 200, 200, 429]


def test_files_of_tls_that_do_not_fit_are_said_so(papers):
    wrong = HttpTlsSettings(certificate=papers.server[0], key=papers.yard[1])
    with pytest.raises(BridgeError, match=r"http\.tls"):
        tls_context(wrong)
    with pytest.raises(BridgeError, match=r"http\.tls"):
        tls_context(HttpTlsSettings(certificate=papers.ca.parent / "none", key=papers.yard[1]))


FINGERPRINT = {"name": "y", "fingerprint": "AB:" * 31 + "ab", **OPERATOR}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"http": {"trusted_proxies": ["10.0.0.0/99"]}}, "10.0.0.0/99"),
        ({"http": {"certificate_header": "Client-Cert"}}, "trusted_proxies"),
        ({"access": {"certificate": [FINGERPRINT]}}, "no certificate can come"),
        ({"access": {"certificate": [FINGERPRINT | {"fingerprint": "xyz"}]}}, "64 hexadecimal"),
        ({"access": {"certificate": [FINGERPRINT | {"subject": "CN=y"}]}}, "either fingerprint"),
        ({"access": {"certificate": [FINGERPRINT | {"role": "public"}]}}, "the public needs no"),
        ({"access": {"certificate": [FINGERPRINT | {"purposes": []}]}}, "purposes"),
        ({"access": {"limits": {"anybody_per_minute": 0}}}, "anybody_per_minute"),
        ({"login": {"idle_minutes": -1}}, "idle_minutes"),
    ],
)
def test_faulty_settings_are_told(tmp_path, more, said):
    with pytest.raises(ValueError, match=said):
        settings_for(tmp_path, 1883, **more)


def test_a_fingerprint_may_have_colons(tmp_path):
    http = {"trusted_proxies": ["127.0.0.1"], "certificate_header": "Client-Cert"}
    known = settings_for(tmp_path, 1883, http=http, access={"certificate": [FINGERPRINT]})
    assert known.access.certificate[0].fingerprint == "ab" * 32
