"""An environment of its own for ThingsBoard IoT Gateway, kept beside the benchmark's own.

It brings a paho of its own under the common name and installs drivers while it runs, so it can
never stand in packtrail's environment.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

VERSION = "3.8.5"
PACKAGES = (f"thingsboard-gateway=={VERSION}", "python-can==4.6.1")
FOLDER = Path(sys.prefix) / "peers" / f"thingsboard-gateway-{VERSION}"


def python() -> Path:
    """The interpreter of that environment, made at the first call."""
    found = FOLDER / "bin" / "python"
    ready = FOLDER / ".ready"
    if not ready.exists():
        venv.create(FOLDER, clear=True, with_pip=True)
        command = [str(found), "-m", "pip", "--disable-pip-version-check", "-q", "install"]
        subprocess.run([*command, *PACKAGES], check=True)
        ready.touch()
    return found


def sample_logs() -> str:
    """The peer's own sample of its logging settings."""
    site = next(FOLDER.glob("lib/python*/site-packages/thingsboard_gateway"))
    return (site / "config" / "logs.json").read_text()
