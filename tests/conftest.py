"""What every room's tests share: recorded data, a quiet environment, hypothesis profiles."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI") == "true"

settings.register_profile("default", deadline=None, max_examples=50)
settings.register_profile(
    "ci", deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci" if IN_CI else "default")


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch):
    """English, none of the caller's own settings, and nothing kept in their home."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    for name in [name for name in os.environ if name.startswith("PACKTRAIL_")]:
        if name != "PACKTRAIL_REAL_DATA":
            monkeypatch.delenv(name)
    monkeypatch.setenv("PACKTRAIL_CACHE", "off")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Recorded vehicles and cells: PACKTRAIL_REAL_DATA, or shared/data beside the project."""
    folder = Path(os.environ.get("PACKTRAIL_REAL_DATA", ROOT.parent / "shared" / "data"))
    if folder.is_dir():
        return folder
    if IN_CI:
        pytest.fail(f"recorded data are missing at {folder}")
    pytest.skip(f"no recorded data at {folder}")
