"""Reports to a national platform: acknowledged, refused with a reason, retried, never twice."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from cloud_bridge.metrics import Metrics
from cloud_bridge.privacy.forgetting import Forgetting
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.projections import Follower, TargetError
from cloud_bridge.reporting import HttpPlatform, PlatformReports
from cloud_bridge.reporting.projection import Answered
from packtrail import event as e
from packtrail.command import run_line
from tests.cloud_bridge import national_platform, parts
from tests.services import LOOPBACK, free_port, wait_for_port


class PlayedPlatform:
    """The platform's process, which can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.process = None

    def start(self) -> None:
        line = [sys.executable, national_platform.__file__, str(self.port), str(self.folder)]
        self.process = subprocess.Popen(line)
        wait_for_port(self.port, self.process)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def taken(self):
        file = self.folder / "taken.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def platform(tmp_path):
    folder = tmp_path / "platform"
    folder.mkdir()
    played = PlayedPlatform(folder)
    played.start()
    yield played
    played.kill()


def follower(desk, platform):
    target = HttpPlatform("national", f"http://{LOOPBACK}:{platform.port}/reports", timeout_s=5)
    reports = PlatformReports(target, desk.store, parts.AUTHORITY, "bridge-1")
    return Follower(reports, desk.store, Metrics()), reports


def drain(one) -> None:
    while one.step():
        pass


def swap(gateway, out=parts.OTHER_PACK):
    body = e.SwapPerformed(parts.CAR, "north", unit_out=out)
    return gateway.tell(body, t_ns=parts.T0 + parts.HOUR)


def test_what_happened_is_reported_and_acknowledged(desk, platform):
    desk.submit(parts.registered().signed)
    one, reports = follower(desk, platform)
    drain(one)
    assert [report["flow"] for report in platform.taken()] == ["production"]
    known = Answered("national").read(desk.store)
    assert list(known.taken.values()) == ["R-1"]
    assert known.refused == {}
    # The duty to report is done by the platform's word.
    duties = desk.get("/api/v1/duties").json()
    assert not [duty for duty in duties["duties"] if duty["rule"] == "report_production"]
    reports.close()


def test_a_refusal_says_why_and_is_tried_again_when_its_cause_is_gone(desk, platform, tmp_path):
    gateway = parts.PlayedGateway()
    desk.receive(swap(gateway, out=None))
    one, reports = follower(desk, platform)
    drain(one)
    known = Answered("national").read(desk.store)
    [(code, message, final)] = known.refused.values()
    assert (code, final) == ("not_in_production", False)
    assert parts.CODE in message
    size = desk.store.size()
    reports.tidy()
    assert desk.store.size() == size, "the same refusal twice is no news"
    desk.submit(parts.registered().signed)
    drain(one)
    reports.tidy()
    known = Answered("national").read(desk.store)
    assert known.refused == {}
    assert len(known.taken) == 2
    assert max(known.attempts.values()) == 2
    reports.close()


def test_an_old_pack_that_is_not_bound_to_the_vehicle_is_refused(desk, platform, tmp_path, capfd):
    desk.submit(parts.registered().signed, parts.registered(parts.OTHER_PACK, 2).signed)
    desk.receive(swap(parts.PlayedGateway()))
    one, reports = follower(desk, platform)
    drain(one)
    reports.close()
    parts.AUTHORITY.save(tmp_path / "bridge.pem")
    file = tmp_path / "bridge.toml"
    file.write_text(
        'key_file = "bridge.pem"\n[store]\npath = "bridge.sqlite"\n'
        f'[[platform]]\nname = "national"\nurl = "http://{LOOPBACK}:{platform.port}/reports"\n'
    )
    assert run_line(["bridge", "reports", "--settings", str(file)]) == 1
    told = capfd.readouterr().out
    assert "2 acknowledged, 1 refused" in told
    assert "not_bound" in told
    assert parts.OTHER_CODE in told


def test_nothing_is_lost_or_told_twice_when_the_platform_is_killed(desk, platform):
    units = [e.UnitRef("maker_serial", f"S{n}") for n in range(6)]
    facts = [parts.registered(unit, n + 1).signed for n, unit in enumerate(units)]
    desk.submit(*facts[:3])
    one, reports = follower(desk, platform)
    drain(one)
    platform.kill()
    desk.submit(*facts[3:])
    with pytest.raises(TargetError):
        one.step()
    reports.close()
    platform.start()
    # Another process would begin so: everything that was answered is read from the ledger.
    fresh, reports = follower(desk, platform)
    drain(fresh)
    assert [report["fields"]["code"] for report in platform.taken()] == [str(u) for u in units]
    assert len(Answered("national").read(desk.store).taken) == 6
    size = desk.store.size()
    desk.store.move_cursor(reports.name, desk.store.cursor("nobody"), 0)
    drain(fresh)
    assert desk.store.size() == size
    assert len(platform.taken()) == 6
    reports.close()


def test_the_platform_is_told_the_number_and_the_ledger_is_not(desk, platform):
    desk.submit(parts.registered().signed, parts.registered(parts.OTHER_PACK, 2).signed)
    gateway = parts.PlayedGateway()
    body = e.SwapPerformed(parts.CAR, "north")
    desk.receive(
        gateway.conceal(body, t_ns=parts.T0),
        gateway.conceal(
            e.SwapPerformed(parts.CAR, "north", unit_out=parts.OTHER_PACK), t_ns=parts.T0 + 1
        ),
    )
    one, reports = follower(desk, platform)
    drain(one)
    told = [report["fields"] for report in platform.taken() if report["flow"] == "swap"]
    assert [fields["vehicle"] for fields in told] == [parts.CAR.id]
    [(code, message, _)] = Answered("national").read(desk.store).refused.values()
    assert (code, message) == ("not_bound", f"{parts.OTHER_CODE} is not bound to {'·' * 17}")
    lines = b"".join(entry.data for entry in desk.store.entries())
    assert parts.CAR.id.encode() not in lines
    digests = {
        entry.event.body.payload_digest for entry in desk.store.entries_of_type("ReportSent")
    }
    sent = [json.dumps(report, separators=(",", ":")) for report in platform.taken()]
    assert not {hashlib.sha256(one.encode()).hexdigest() for one in sent[2:]} & digests
    size = desk.store.size()
    reports.tidy()
    assert desk.store.size() == size
    subject = Subjects(desk.store).vehicle(parts.CAR).id
    Forgetting(desk.store, parts.AUTHORITY, "bridge-1").forget(subject, "", "", parts.T0)
    desk.receive(gateway.conceal(body, t_ns=parts.T0 + 2))
    drain(one)
    assert [report["fields"]["vehicle"] for report in platform.taken()[3:]] == [parts.CAR.id]
    reports.close()
