"""What a GS1 key of a pack leads to: links by their type, as GS1-Conformant resolvers give them.

GS1-Conformant Resolver Standard 1.2 (https://ref.gs1.org/standards/resolver), RFC 9264 (linksets).
Every target is told by the key that was asked for: what other codes a pack has is not given away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from cloud_bridge.exports.formats import FORMATS
from packtrail.codes.gs1 import Gs1Key
from packtrail.language import Text

VOCABULARY: Final = "https://ref.gs1.org/voc/"
PREFIXES: Final = ("gs1:", VOCABULARY, "https://gs1.org/voc/", "http://gs1.org/voc/")
"""How a link type may be written; the latter two are what the first versions wrote."""
LINKSET: Final = "application/linkset+json"
CONTEXT: Final = "https://ref.gs1.org/standards/resolver/linkset-context"
DEFAULT: Final = "defaultLink"
PAGE: Final = Text("The pack's page", "电池包页面")
DIGITAL_ID: Final = Text("The digital ID and its state", "数字身份证及其状态")
CERTIFICATE: Final = Text("Certificate of the appraisal", "鉴定证书")


@dataclass(frozen=True, slots=True)
class Link:
    """One link.

    Attributes:
        kind: type in GS1's vocabulary, such as `pip`.
        path: of ours.
        media: what comes.
        title: what it is.
    """

    kind: str
    path: str
    media: str
    title: Text


def links_of(key: Gs1Key, *, signs: bool, appraises: bool) -> list[Link]:
    """Where the key leads, of each type the best first.

    Args:
        key: of one pack.
        signs: whether this bridge signs credentials.
        appraises: whether it hands out certificates too.
    """
    name = quote(str(key.unit), safe="")
    page, api = f"/packs/{name}", f"/api/v1/packs/{name}"
    passports = [
        Link("dpp", f"{api}/export/{one.name}", one.media, one.text)
        for one in (FORMATS["batterypass"], *([FORMATS["credential"]] if signs else []))
    ]
    epcis = FORMATS["epcis"]
    certificate = Link("certificationInfo", f"{api}/certificate", "application/vc", CERTIFICATE)
    return [
        Link(DEFAULT, page, "text/html", PAGE),
        Link("pip", page, "text/html", PAGE),
        Link("dpp", page, "text/html", PAGE),
        *passports,
        Link("masterData", api, "application/json", DIGITAL_ID),
        Link("traceability", f"{api}/export/{epcis.name}", epcis.media, epcis.text),
        *([certificate] if signs and appraises else []),
    ]


def kind_of(text: str) -> str:
    """The type that a request names, without its prefix."""
    for prefix in PREFIXES:
        if text.startswith(prefix):
            return text.removeprefix(prefix)
    return text


def linkset(key: Gs1Key, links: list[Link], root: str) -> dict[str, Any]:
    """The document of all links (RFC 9264, 4.2), told from `root`, such as `https://id.example`."""
    context: dict[str, Any] = {"anchor": root + key.path}
    for link in links:
        context.setdefault(VOCABULARY + link.kind, []).append(_target(link, root))
    return {"linkset": [context]}


def _target(link: Link, root: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "href": root + link.path,
        "type": link.media,
        "title": link.title.en,
        "title*": [
            {"value": link.title.en, "language": "en"},
            {"value": link.title.zh, "language": "zh"},
        ],
    }
    if link.media == "text/html":
        found["hreflang"] = ["en", "zh"]
    return found
