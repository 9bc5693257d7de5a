"""The axes of the access table: roles of readers, fields of the ID, purposes, jurisdictions."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from packtrail.language import Text


class Jurisdiction(StrEnum):
    """Whose law governs a bridge's answers."""

    CN = "CN"
    EU = "EU"


class Purpose(StrEnum):
    """What a reader wants the data for."""

    RECEIVE = "receive"
    REPAIR = "repair"
    TRIAGE = "triage"
    TRACE = "trace"
    AUDIT = "audit"


class Reader(StrEnum):
    """The role of whoever reads; not the role of whoever states events."""

    PUBLIC = "public"
    OWNER = "owner"
    SWAP_OPERATOR = "swap_operator"
    WORKSHOP = "workshop"
    OUTLET = "outlet"
    RECYCLER = "recycler"
    MAKER = "maker"
    INSURER = "insurer"
    AUTHORITY = "authority"
    AUDITOR = "auditor"
    OPERATOR = "operator"

    @property
    def text(self) -> Text:
        """The role's name."""
        return _READERS[self]


class Field(StrEnum):
    """A part of the digital ID, or of what the bridge tells beside it."""

    MAKING = "making"
    """Registration, further codes, parts, mass."""
    HEALTH = "health"
    """State of health, lifetime counters, bench tests, advice."""
    INCIDENTS = "incidents"
    TELEMETRY = "telemetry"
    """Samples, the newest reading among them."""
    PLACES = "places"
    """Sites and slots, now and before."""
    VEHICLES = "vehicles"
    """Vehicles, now and before: personal data."""
    CUSTODY = "custody"
    LEDGER = "ledger"
    """The signed facts as they are, with their proofs: they hold all other fields."""
    STATIONS = "stations"
    DUTIES = "duties"

    @property
    def text(self) -> Text:
        """The field's name."""
        return _FIELDS[self]


EVERYTHING: Final = frozenset(Field)

_READERS: Final = {
    Reader.PUBLIC: Text("anybody", "任何人"),
    Reader.OWNER: Text("the owner", "所有人"),
    Reader.SWAP_OPERATOR: Text("swap operators", "换电运营企业"),
    Reader.WORKSHOP: Text("workshops", "维修企业"),
    Reader.OUTLET: Text("collection outlets", "回收服务网点"),
    Reader.RECYCLER: Text("recyclers", "综合利用企业"),
    Reader.MAKER: Text("makers", "生产企业"),
    Reader.INSURER: Text("insurers with consent", "经同意的保险机构"),
    Reader.AUTHORITY: Text("authorities", "主管部门"),
    Reader.AUDITOR: Text("auditors", "审计机构"),
    Reader.OPERATOR: Text("the operator of this bridge", "本云桥的运营者"),
}
_FIELDS: Final = {
    Field.MAKING: Text("registration and parts", "登记与组成信息"),
    Field.HEALTH: Text("state of health and tests", "健康状态与检测"),
    Field.INCIDENTS: Text("incidents", "安全事件"),
    Field.TELEMETRY: Text("readings and telemetry", "读数与遥测"),
    Field.PLACES: Text("places", "所在位置"),
    Field.VEHICLES: Text("vehicles", "关联车辆"),
    Field.CUSTODY: Text("custody", "保管方"),
    Field.LEDGER: Text("signed facts and proofs", "签名事实与证明"),
    Field.STATIONS: Text("stations", "站点"),
    Field.DUTIES: Text("open duties and what was taken back", "未完成义务与回收统计"),
}
