"""What reports of packs and vehicles show together reaches the pack's page and the API."""

from __future__ import annotations

from packtrail import event as e
from tests.cloud_bridge import parts

THIRD = e.UnitRef("gbt34014", parts.PackCode.make(
    maker="0B1", chemistry="LFP", made_on=parts.date(2025, 3, 9), serial=9
).text)  # fmt: skip


def swap(gateway, unit, out, hours):
    body = e.SwapPerformed(parts.CAR, "north", unit_out=out)
    return gateway.tell(body, unit=unit, t_ns=parts.T0 + hours * parts.HOUR)


def test_a_lost_swap_is_told_at_the_pack_that_vanished_in_it(desk):
    gateway = parts.PlayedGateway()
    desk.receive(swap(gateway, parts.PACK, None, 0))
    path = f"/api/v1/packs/{parts.CODE}/findings"
    assert desk.get(path).json()["findings"] == []
    desk.receive(swap(gateway, THIRD, parts.OTHER_PACK, 2))
    answer = desk.get(path).json()
    (found,) = answer["findings"]
    assert (found["fault"], found["invariant"]) == ("lost_report", "I3")
    assert found["subject"] == str(parts.CAR)
    assert answer["facts"] == 2
    page = desk.get(f"/packs/{parts.CODE}?lang=zh").text
    assert "其间有一份报告缺失" in page
    assert desk.get("/api/v1/packs/x/findings").status_code in (404, 422)


def test_what_concerns_others_alone_is_not_told_here(desk):
    gateway = parts.PlayedGateway()
    desk.receive(swap(gateway, parts.PACK, None, 0))
    other = e.SwapPerformed(parts.OTHER_CAR, "north", unit_out=None)
    desk.receive(gateway.tell(other, unit=parts.OTHER_PACK))
    lost = e.SwapPerformed(parts.OTHER_CAR, "north", unit_out=THIRD)
    desk.receive(gateway.tell(lost, unit=parts.OTHER_PACK, t_ns=parts.T0 + parts.HOUR))
    assert desk.get(f"/api/v1/packs/{parts.CODE}/findings").json()["findings"] == []
    assert desk.get(f"/api/v1/packs/{parts.OTHER_CODE}/findings").json()["findings"]
