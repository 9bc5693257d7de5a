"""Enrolling: one more key for the trust list, written into the settings file.

The file keeps its comments: an entry is appended, the whole is checked as a run would check
it, and only then takes the place of the old file. The bridge reads it at its next start.
"""

from __future__ import annotations

import os
import tempfile
import tomllib
from pathlib import Path

from cloud_bridge.errors import BridgeError
from cloud_bridge.settings import BridgeSettings
from packtrail.errors import reason_of
from packtrail.event import Role
from packtrail.language import Text
from packtrail.settings import load, parse


def enrol(path: Path, party: str, public_key: str, role: Role, sites: tuple[str, ...]) -> Text:
    """Let a key speak for `party`; returns what was done.

    Raises:
        SettingsError: the file has faults, or would have with this entry.
        BridgeError: the key speaks for somebody else, or the file cannot be written.
    """
    for entry in load(BridgeSettings, path).trust:
        if entry.public_key == public_key and entry.party == party:
            return Text(f"{party} is trusted already", f"{party} 已受信任")
        if entry.public_key == public_key:
            raise BridgeError(
                Text(f"the key speaks for {entry.party}", f"该密钥属于 {entry.party}"),
                where=str(path),
                hint=Text("every party has a key of its own", "每一方应使用自己的密钥"),
            )
    text = path.read_text("utf-8").rstrip("\n") + _entry(party, public_key, role, sites)
    parse(BridgeSettings, tomllib.loads(text), path)
    _replace(path, text)
    return Text(
        f"{party} ({role}) may speak from the bridge's next start on",
        f"云桥下次启动后，{party}（{role}）可上报",
    )


def _entry(party: str, public_key: str, role: Role, sites: tuple[str, ...]) -> str:
    lines = [
        "\n\n[[trust]]",
        f"party = {_quoted(party)}",
        f"role = {_quoted(role.value)}",
        f"public_key = {_quoted(public_key)}",
    ]
    if sites:
        lines.append(f"sites = [{', '.join(_quoted(site) for site in sites)}]")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A TOML basic string; what cannot stand in one is escaped."""
    escaped = "".join(
        char if char.isprintable() and char not in '"\\' else f"\\U{ord(char):08X}" for char in text
    )
    return f'"{escaped}"'


def _replace(path: Path, text: str) -> None:
    """Exchange the file whole, keeping its mode: a crash leaves the old or the new one."""
    try:
        mode = path.stat().st_mode & 0o777
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh = Path(name)
        fresh.chmod(mode)
        fresh.replace(path)
    except OSError as error:
        raise BridgeError(
            Text("cannot be written: {why}", "无法写入：{why}").fill(why=reason_of(error)),
            where=str(path),
            hint=Text("check the folder's rights", "请检查目录权限"),
        ) from error
