"""The examples of docs/reference/deployment.md hold together: no daemon here runs them."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.cloud_bridge import sizing
from cloud_bridge.settings import BridgeSettings
from packtrail.settings import load

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "packaging" / "scale-out"
IMAGE = (ROOT / "packaging" / "Containerfile.bridge").read_text()
TEMPLATE = (FOLDER / "bridge.toml").read_text()


def compose() -> dict[str, Any]:
    """What compose reads, with its anchors merged."""
    return yaml.safe_load((FOLDER / "compose.yaml").read_text())


def kubernetes() -> dict[str, dict[str, Any]]:
    """Kind -> object."""
    found = yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text())
    return {one["kind"]: one for one in found}


def test_the_start_fills_the_template_and_keeps_the_key_to_itself(tmp_path):
    given, own, programs = tmp_path / "given", tmp_path / "own", tmp_path / "bin"
    for folder in (given, own, programs):
        folder.mkdir()
    (given / "bridge.toml").write_text(TEMPLATE)
    (given / "bridge.pem").write_text("a key")
    (given / "bridge.pem").chmod(0o644)
    (programs / "packtrail").write_text('#!/bin/sh\necho "$@"\n')
    (programs / "packtrail").chmod(0o755)
    environment = {"FROM": str(given), "TO": str(own), "BRIDGE_NAME": "bridge-7"}
    environment["PATH"] = f"{programs}:{os.environ['PATH']}"
    start = ["sh", str(FOLDER / "start-bridge.sh")]
    told = subprocess.run(start, env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["bridge", "run", "--settings", str(own / "bridge.toml")]
    settings = load(BridgeSettings, own / "bridge.toml")
    assert (settings.name, settings.mqtt.client_id) == ("bridge-7", "bridge-7")
    assert settings.mqtt.shared_group
    assert settings.access_enforced
    assert stat.S_IMODE((own / "bridge.pem").stat().st_mode) == 0o600

    del environment["BRIDGE_NAME"]
    assert subprocess.run(start, env=environment, capture_output=True, check=False).returncode


def test_compose_has_two_bridges_of_different_names_on_one_store():
    services = compose()["services"]
    settings = tomllib.loads(TEMPLATE)
    bridges = {name: one for name, one in services.items() if name.startswith("bridge")}
    assert {one["environment"]["BRIDGE_NAME"] for one in bridges.values()} == set(bridges)
    assert len(bridges) == 2
    for bridge in bridges.values():
        assert settings["store"]["password_env"] in bridge["environment"]
        assert bridge["depends_on"].keys() <= services.keys()
        for mount in bridge["volumes"]:
            source = mount.split(":")[0]
            there = (FOLDER / source).exists() or source.endswith("bridge.pem")
            assert there or source in compose()["volumes"]
        assert (FOLDER / bridge["build"]["context"] / bridge["build"]["dockerfile"]).exists()
    database = services["database"]["environment"]
    place = f"postgresql://{database['POSTGRES_USER']}@database/{database['POSTGRES_DB']}"
    assert settings["store"]["postgres"] == place
    aliases = [services[name]["networks"]["inside"]["aliases"] for name in ("broker-1", "broker-2")]
    assert all(settings["mqtt"]["host"] in names for names in aliases)


def test_kubernetes_gives_every_bridge_its_name_and_mounts_what_the_start_asks_for():
    objects = kubernetes()
    pod = objects["StatefulSet"]["spec"]["template"]
    labels = pod["metadata"]["labels"]
    assert objects["StatefulSet"]["spec"]["selector"]["matchLabels"] == labels
    assert objects["Service"]["spec"]["selector"] == labels
    (container,) = pod["spec"]["containers"]
    names = {one["name"] for one in container["env"]}
    assert names == {"BRIDGE_NAME", tomllib.loads(TEMPLATE)["store"]["password_env"]}
    claims = {
        one["metadata"]["name"] for one in objects["StatefulSet"]["spec"]["volumeClaimTemplates"]
    }
    volumes = {one["name"] for one in pod["spec"]["volumes"]} | claims
    assert {one["name"] for one in container["volumeMounts"]} == volumes
    mounted = {one["mountPath"] for one in container["volumeMounts"]}
    assert {"/etc/packtrail/bridge.toml", "/etc/packtrail/bridge.pem", "/run/packtrail"} <= mounted
    assert f"--uid {pod['spec']['securityContext']['runAsUser']} " in IMAGE
    host = container["readinessProbe"]["httpGet"]["httpHeaders"][0]["value"]
    assert host in tomllib.loads(TEMPLATE)["http"]["allowed_hosts"]
    (made,) = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["configMapGenerator"]
    assert {"configMap": {"name": made["name"]}, "name": "settings"} in pod["spec"]["volumes"]


@pytest.mark.parametrize("language", ["", ".zh-CN"])
def test_the_page_states_the_sizes_that_the_script_computes(language):
    page = (ROOT / "docs" / "reference" / f"deployment{language}.md").read_text()
    for row in sizing.rows():
        assert "| " + " | ".join(row) + " |" in page
    for name in re.findall(r"\]\((\.\./\.\./packaging/[^)]+)\)", page):
        assert (ROOT / "docs" / "reference" / name).exists()


def test_forty_million_packs_read_two_hours_a_day():
    found = sizing.size(40_000_000, sizing.Cost(500, 90, 4_000, 2_000))
    assert round(found.mean_per_s) == 55_556
    assert (found.bridges, found.database_cores) == (139, 25)
    assert round(found.written_mb_s) == 1_000
    assert (sizing.size(10).bridges, sizing.size(10).database_cores) == (2, 1)
