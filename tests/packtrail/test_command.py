import sys

import pytest

from packtrail.command import run_line


@pytest.mark.parametrize(
    ("line", "library"),
    [("bridge run", "fastapi"), ("id show 000PB0100000ABG410000001 --url http://x", "fastapi")],
)
def test_a_missing_extra_is_named_with_its_remedy(monkeypatch, capsys, tmp_path, line, library):
    monkeypatch.chdir(tmp_path)
    run_line(["bridge", "init", "."])
    for name in [name for name in sys.modules if name.partition(".")[0] == "cloud_bridge"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    assert run_line(line.split()) == 2
    told = capsys.readouterr().err
    assert "pip install 'packtrail[bridge]'" in told
    assert "Traceback" not in told
