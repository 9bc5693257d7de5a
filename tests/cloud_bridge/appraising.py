"""A bridge that appraises, and an estimate to appraise by."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files

import pytest
from fastapi.testclient import TestClient

from cloud_bridge.appraisal import Appraiser
from cloud_bridge.web import application, guarded
from packtrail import event as e
from packtrail.estimate import Estimate, Interval, Verdict
from tests.cloud_bridge import parts


def estimate(soh=0.92, half=0.015, **more):
    told = Interval(soh, soh - half, soh + half)
    return Estimate(
        verdict=Verdict.TOLD,
        soh=told,
        soh_pack=told,
        rated_ah=150.0,
        method="test/1",
        inputs_digest="ab" * 32,
        **more,
    )


@pytest.fixture
def shop(desk, tmp_path):
    """A bridge that appraises, and a pack of which health has been told."""
    for name in ("policy", "prices"):
        text = files("soh_model").joinpath(f"sample_{name}.toml").read_text("utf-8")
        (tmp_path / f"{name}.toml").write_text(text, "utf-8")
    appraiser = Appraiser(tmp_path / "policy.toml", tmp_path / "prices.toml", 30)
    desk.context = replace(desk.context, appraiser=appraiser, proof_key=parts.AUTHORITY)
    desk.client = TestClient(guarded(application(desk.context), ("testserver",)))
    desk.submit(parts.registered().signed)
    gateway = parts.PlayedGateway()
    desk.receive(gateway.tell(e.PackInstalled(place=parts.SLOT)))

    def tell(body, **about):
        desk.receive(gateway.tell(body, **about))

    def ask(what="appraisal", **more):
        return desk.get(f"/api/v1/packs/{parts.CODE}/{what}", **more)

    desk.folder = tmp_path
    return desk, tell, ask
