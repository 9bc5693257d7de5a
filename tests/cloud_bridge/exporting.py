"""A story that is told to a desk, and passports that are written of it."""

from __future__ import annotations

import json

import pytest

from cloud_bridge.exports import gather, passport_of
from cloud_bridge.exports.formats import EVERYTHING, FORMATS
from cloud_bridge.exports.making import prepared
from tests.cloud_bridge import parts, passport_story
from tests.cloud_bridge.conftest import NOW

BESIDE = ("notFilled", "evidence")
"""What stands beside a format's own keys."""


@pytest.fixture
def schema(real_data):
    """A published schema by its file's name."""

    def read(name):
        return json.loads((real_data / "passport" / name).read_text("utf-8"))

    return read


@pytest.fixture
def told(desk):
    """Everything stated and measured."""
    assert desk.submit(*passport_story.statements()).status_code == 200
    desk.receive(*passport_story.life(parts.PlayedGateway()))
    return desk


def written(desk, name, unit=parts.PACK, allowed=EVERYTHING):
    ready = prepared(desk.store, unit, NOW, key=parts.AUTHORITY, allowed=allowed)
    return FORMATS[name].write(ready)


def passport(desk, unit=parts.PACK):
    return passport_of(gather(desk.store, unit))


def leaves(value, path=""):
    if isinstance(value, dict):
        for name, one in value.items():
            if name not in BESIDE:
                yield from leaves(one, f"{path}/{name}" if path else name)
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from leaves(one, f"{path}/{at}")
    else:
        yield path, value


def bare(document):
    """Without what is missing, and without the one value that a target cannot hold whole."""
    found = {k: v for k, v in json.loads(document).items() if k not in BESIDE}
    found.get("generalProductInformation", {}).pop("warrentyPeriod", None)
    return found


@pytest.fixture
def settings(told, tmp_path):
    """The same store as a person at the terminal finds it."""
    parts.AUTHORITY.save(tmp_path / "bridge.pem")
    parts.MAKER.save(tmp_path / "maker.pem")
    file = tmp_path / "bridge.toml"
    file.write_text('key_file = "bridge.pem"\n[store]\npath = "bridge.sqlite"\n')
    return str(file)
