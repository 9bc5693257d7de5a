"""The table of rules: `duties.toml`, or a file of one's own in the same form."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import msgspec

from cloud_bridge.rules.dates import in_force
from packtrail.errors import SettingsError
from packtrail.event import EVENTS_OF_ROLE
from packtrail.language import Text
from packtrail.shapes import convert
from packtrail.toml_file import read_toml

REPORT = "report"


class DutyRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """One duty.

    Attributes:
        id: stable name.
        en: the duty in English.
        zh: the duty in Chinese.
        on: event types that call for it; their author is the holder.
        roles: roles that it binds; empty means whoever reports.
        by: event types about the same unit that fulfil it, or `report`: a platform has
            acknowledged a report that covers the event.
        days: how many.
        unit: `calendar_day` or `working_day` (Monday to Friday; public holidays are not known).
        legal: act and article.
        from_: in force from this date.
        to: in force up to and with this date, "" for open.
        provisional: whether the deadline is a default because none is published.
    """

    id: str
    en: str
    zh: str
    on: tuple[str, ...]
    by: tuple[str, ...]
    days: int
    unit: Literal["calendar_day", "working_day"]
    legal: str
    from_: str
    to: str = ""
    roles: tuple[str, ...] = ()
    provisional: bool = False

    @property
    def text(self) -> Text:
        """What has to be done."""
        return Text(self.en, self.zh)

    def in_force(self, t_ns: int) -> bool:
        """Whether it binds what happened at `t_ns`."""
        return in_force(self.from_, self.to, t_ns)


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    duty: tuple[DutyRule, ...]


def read_rules(path: Path | None = None) -> tuple[DutyRule, ...]:
    """The rules of a file, by default those that come with packtrail.

    Raises:
        SettingsError: it cannot be read, or a rule is not of the form, or names no known event.
    """
    source = path or Path(str(files("cloud_bridge.rules").joinpath("duties.toml")))
    content: dict[str, Any] = read_toml(source)
    try:
        rules = convert(content, _Table).duty
        for rule in rules:
            rule.in_force(0)
    except (msgspec.ValidationError, ValueError) as error:
        raise SettingsError(str(source), [str(error)]) from error
    known = set().union(*EVENTS_OF_ROLE.values()) | {REPORT}
    faults = [
        Text(f"{rule.id}: no event is called {name}", f"{rule.id}：没有名为 {name} 的事件").say()
        for rule in rules
        for name in (*rule.on, *rule.by)
        if name not in known
    ]
    if faults:
        raise SettingsError(str(source), faults)
    return rules
