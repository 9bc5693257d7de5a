"""The axes of a pack's state: stage of life, safety and standing of the record, each by itself."""

from __future__ import annotations

from enum import StrEnum

from packtrail.language import Text


class Lifecycle(StrEnum):
    """Where in its life a pack is."""

    UNREGISTERED = "unregistered"
    REGISTERED = "registered"
    STOCKED = "stocked"
    IN_SERVICE = "in_service"
    RETIRED = "retired"
    RECOVERED = "recovered"
    REPURPOSED_IN = "repurposed_in"
    DISMANTLED = "dismantled"
    RECYCLED = "recycled"
    DESTROYED = "destroyed"

    @property
    def text(self) -> Text:
        """The stage's name."""
        return _LIFECYCLE[self]

    @property
    def terminal(self) -> bool:
        """Whether the unit is no more: whoever bears its code after that is a copy."""
        return self in _TERMINAL


class Safety(StrEnum):
    """How careful one has to be, rising."""

    OK = "ok"
    WATCH = "watch"
    QUARANTINE = "quarantine"
    DANGER = "danger"
    DAMAGED = "damaged"

    @property
    def rank(self) -> int:
        """0 for `ok` to 4 for `damaged`."""
        return list(Safety).index(self)

    @property
    def text(self) -> Text:
        """The level's name."""
        return _SAFETY[self]


class Standing(StrEnum):
    """How the record itself stands."""

    CLEAN = "clean"
    INCOMPLETE = "incomplete"
    CONTESTED = "contested"

    @property
    def text(self) -> Text:
        """The standing's name."""
        return _STANDING[self]


_TERMINAL = frozenset({Lifecycle.REPURPOSED_IN, Lifecycle.DISMANTLED, Lifecycle.RECYCLED})
_LIFECYCLE = {
    Lifecycle.UNREGISTERED: Text("not registered", "未登记"),
    Lifecycle.REGISTERED: Text("registered", "已登记"),
    Lifecycle.STOCKED: Text("in stock", "在库"),
    Lifecycle.IN_SERVICE: Text("in service", "在用"),
    Lifecycle.RETIRED: Text("retired", "已退役"),
    Lifecycle.RECOVERED: Text("taken back", "已回收"),
    Lifecycle.REPURPOSED_IN: Text("became part of a product", "已用于梯次产品"),
    Lifecycle.DISMANTLED: Text("taken apart", "已拆解"),
    Lifecycle.RECYCLED: Text("recycled", "已再生利用"),
    Lifecycle.DESTROYED: Text("destroyed", "已损毁"),
}
_SAFETY = {
    Safety.OK: Text("no open incident", "无未解除事件"),
    Safety.WATCH: Text("watch", "关注"),
    Safety.QUARANTINE: Text("quarantine", "隔离"),
    Safety.DANGER: Text("danger", "危险"),
    Safety.DAMAGED: Text("damaged", "已损坏"),
}
_STANDING = {
    Standing.CLEAN: Text("clean", "一致"),
    Standing.INCOMPLETE: Text("incomplete", "不完整"),
    Standing.CONTESTED: Text("contested", "存疑"),
}
