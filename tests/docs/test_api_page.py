"""docs/reference/api.md: its examples run as they stand, and it leaves no route out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from packtrail.event import AliasBound, ConditionCommitted, PackInstalled, UnitRef
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import desk
from tests.cloud_bridge.streaming import serving
from tests.cloud_bridge.test_fold import estimate

__all__ = ["desk"]

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("api.md", "api.zh-CN.md")
EXAMPLE = re.compile(r"^```(sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
ROUTE = re.compile(r"`(GET|POST) (/[^`?]*)`")
UNIT = UnitRef("gbt34014", "SXAPBL17K20A00E1B0067049")


def page(name: str) -> str:
    return (ROOT / "docs" / "reference" / name).read_text("utf-8")


def plain(example: str) -> str:
    """Without comments and words for people."""
    return re.sub(r"#.*|print\(.*", "", example)


@pytest.fixture
def address(desk):
    """A bridge that knows the pack of the examples."""
    gateway = parts.PlayedGateway()
    desk.submit(parts.registered(UNIT).signed)
    alias = AliasBound(UnitRef("gs1", "04012345678901.AB12"))
    about = {"unit": UNIT, "key": parts.MAKER, "author": "maker-1", "stream": "erp", "counter": 2}
    desk.submit(parts.signed(alias, **about))
    desk.receive(
        gateway.tell(PackInstalled(place=parts.SLOT), unit=UNIT),
        gateway.telemetry(parts.samples(60), unit=UNIT),
        gateway.tell(ConditionCommitted(estimate(0.91)), unit=UNIT, t_ns=parts.T0 + parts.HOUR),
    )
    with serving(desk.context, life_s=0.3) as (web, _):
        yield web.url.removeprefix("http://")


@pytest.mark.parametrize("name", PAGES)
def test_every_example_works(name, address, tmp_path):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "KEY": parts.AUTHORITY.public.text}
    told = ""
    for kind, text in EXAMPLE.findall(page(name)):
        example = text.replace("127.0.0.1:8080", address)
        script = ["bash", "-euc", example] if kind == "sh" else [sys.executable, "-c", example]
        ran = subprocess.run(
            script, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, (example, ran.stderr)
        told += ran.stdout
    for sign in ('"verdict"', "304", '"errors"', "event: state", "event: fact", "307 ", "linkset"):
        assert sign in told, told
    assert (tmp_path / "day.csv").read_text().count("\n") == 61
    assert (tmp_path / "samples.parquet").read_bytes()[:4] == b"PAR1"


def test_both_pages_give_the_same_examples():
    english, chinese = (
        [(kind, plain(text)) for kind, text in EXAMPLE.findall(page(name))] for name in PAGES
    )
    assert english == chinese


@pytest.mark.parametrize("name", PAGES)
def test_every_route_is_on_the_page_and_no_other(name, desk):
    paths = desk.get("/openapi.json").json()["paths"]
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    table = page(name).partition("## ")[2].partition("\n## ")[0]
    assert set(ROUTE.findall(table)) == described | {("GET", "/metrics")}
