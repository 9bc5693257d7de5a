"""Settings files for tests."""

from __future__ import annotations

from pathlib import Path

from tests.gateway.drafts import BRIDGE_KEY, GATEWAY, KEY
from tests.services import LOOPBACK, free_port

BUS_AND_SLOT = """
[[bus]]
name = "can0"
interface = "virtual"
channel = "leaf"

[[slot]]
name = "1"
bus = "can0"
profiles = ["nissan_leaf"]
"""


def write_settings(folder: Path, broker_port: int | None = None, more: str = BUS_AND_SLOT) -> Path:
    """A gateway's settings and key in a folder."""
    if not (folder / "gateway.key").exists():
        KEY.save(folder / "gateway.key")
    path = folder / "gateway.toml"
    path.write_text(
        f"""
gateway = "{GATEWAY}"
site = "test"
[broker]
host = "{LOOPBACK}"
port = {broker_port or free_port()}
resend_after_s = 1.0
[bridge]
public_key = "{BRIDGE_KEY.public.text}"
[local_api]
port = {free_port()}
[outbox]
quota_mb = 100
{more}
"""
    )
    return path
