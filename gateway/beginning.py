"""The first settings and key of a gateway: what `packtrail gateway init` makes.

A folder and what is known already enter; the commented sample with these values filled in and a
new key leave. Nothing that exists is overwritten.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from gateway.enrolment import Paths
from gateway.settings import GatewaySettings, sample_path
from packtrail.errors import PacktrailError
from packtrail.language import Text
from packtrail.settings import load, parse
from packtrail.signing import SigningKey, VerifyKey


@dataclass(frozen=True, slots=True)
class Beginning:
    """What was made, and what to do with it.

    Attributes:
        settings: the settings file.
        key_file: the private key.
        public: the key that the bridge has to trust.
        next_step: one sentence for the person.
    """

    settings: Path
    key_file: Path
    public: VerifyKey
    next_step: Text


def begin(folder: Path, gateway: str, site: str, bridge_key: str = "") -> Beginning:
    """Make settings and key in `folder`.

    Args:
        folder: made if need be.
        gateway: the gateway's id.
        site: the site's name.
        bridge_key: the bridge's public key; without one it has to be pasted in by hand.

    Raises:
        PacktrailError: something exists already, or a value is not possible.
    """
    settings, key_file = folder / "gateway.toml", folder / "gateway.key"
    for path in (settings, key_file):
        _refuse_existing(path)
    if bridge_key:
        VerifyKey.from_text(bridge_key)
    values = {"gateway": gateway, "site": site}
    text = _filled(sample_path().read_text("utf-8"), values | _given("public_key", bridge_key))
    folder.mkdir(parents=True, exist_ok=True)
    settings.write_text(text, "utf-8")
    try:
        load(GatewaySettings, settings)
    except PacktrailError:
        settings.unlink()
        raise
    key = SigningKey.generate()
    key.save(key_file)
    return Beginning(settings, key_file, key.public, _next_step(settings, bridge_key))


def add_tls(settings: Path) -> Paths:
    """Name the usual files for TLS in a settings file that names none.

    Raises:
        PacktrailError: the settings have a part of them, or something else is wrong.
    """
    table = (
        '\n[broker.tls]\nca_file = "tls/ca.pem"\n'
        'certificate_file = "tls/gateway.pem"\nkey_file = "tls/gateway.key"\n'
    )
    _amend(settings, settings.read_text("utf-8").rstrip("\n") + "\n" + table)
    paths = load(GatewaySettings, settings).certificate_paths
    assert paths is not None
    return paths


def remember_url(settings: Path, url: str) -> None:
    """Write the bridge's address down, where certificates are renewed."""
    line = f"url = {json.dumps(url)}"
    text = re.sub(
        r"^(\[bridge\]\n)", rf"\1{line}\n", settings.read_text("utf-8"), flags=re.MULTILINE
    )
    _amend(settings, text)


def _amend(settings: Path, text: str) -> None:
    """Put the new text in its place if it is sound."""
    parse(GatewaySettings, tomllib.loads(text), settings)
    fresh = settings.with_suffix(".toml.new")
    fresh.write_text(text, "utf-8")
    fresh.chmod(settings.stat().st_mode & 0o777)
    fresh.replace(settings)


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise PacktrailError(
            Text("the file exists and is left as it is", "文件已存在，保持不变"),
            where=str(path),
            hint=Text("choose another folder", "请换一个目录"),
        )


def _given(name: str, value: str) -> dict[str, str]:
    return {name: value} if value else {}


def _filled(sample: str, values: dict[str, str]) -> str:
    """The sample with the first line of each key set to its value; comments stay."""
    for name, value in values.items():
        line = f"{name} = {json.dumps(value, ensure_ascii=False)}".replace("\\", r"\\")
        sample = re.sub(rf'^{name} = "[^"]*"', line, sample, count=1, flags=re.MULTILINE)
    return sample


def _next_step(settings: Path, bridge_key: str) -> Text:
    if bridge_key:
        return Text(
            f"Give public_key to the bridge, name your buses and slots in {settings}, then: "
            f"packtrail gateway check --settings {settings}",
            f"将 public_key 交给云桥，在 {settings} 中填写总线与仓位，然后运行："
            f"packtrail gateway check --settings {settings}",
        )
    return Text(
        f"Put the bridge's public key and your buses into {settings}, give public_key to the "
        f"bridge, then: packtrail gateway check --settings {settings}",
        f"在 {settings} 中填写云桥公钥与总线，将 public_key 交给云桥，然后运行："
        f"packtrail gateway check --settings {settings}",
    )
