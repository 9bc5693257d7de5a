"""The table of rules: `duties.toml`, or a file of one's own in the same form."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from cloud_bridge.rules.dates import CHINA, day_of, deadline_ns, in_force, span
from packtrail.language import Text

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
        legal_zh: the same in Chinese, "" for no other words.
        from_: in force from this date.
        to: in force up to and with this date, "" for open.
        provisional: whether the deadline is a default because none is published.
        utc_offset: whose days and dates, such as `+08:00`; by default the table's.
        beside: rules that call for the same at the same time, and are meant to.
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
    utc_offset: str = CHINA
    beside: tuple[str, ...] = ()
    legal_zh: str = ""

    @property
    def ground(self) -> Text:
        """Act and article."""
        return Text(self.legal, self.legal_zh or self.legal)

    @property
    def text(self) -> Text:
        """What has to be done."""
        return Text(self.en, self.zh)

    @property
    def span(self) -> tuple[int, int]:
        """From when to before when it binds, UTC ns."""
        return span(self.from_, self.to, self.utc_offset)

    def in_force(self, t_ns: int) -> bool:
        """Whether it binds what happened at `t_ns`."""
        return in_force(self.from_, self.to, t_ns, self.utc_offset)

    def due_ns(self, t_ns: int) -> int:
        """End of the day on which it is due after what ended at `t_ns`, UTC ns."""
        working = self.unit == "working_day"
        return deadline_ns(t_ns, self.days, self.utc_offset, working=working)

    def day_of(self, t_ns: int) -> str:
        """The date of a moment under its clock."""
        return day_of(t_ns, self.utc_offset)


class RuleTable(msgspec.Struct, frozen=True):
    """A table as a whole.

    Attributes:
        name: with its version, "" for none.
        duty: its rules.
        revision: of the tables that come with packtrail, rising; 0 for a table of one's own.
    """

    name: str
    duty: tuple[DutyRule, ...]
    revision: int = 0

    @property
    def digest(self) -> str:
        """Names its rules; the same for the same rules."""
        return hashlib.sha256(msgspec.json.encode(self.duty)).hexdigest()

    @property
    def words(self) -> dict[str, Text]:
        """Rule -> what has to be done."""
        return {rule.id: rule.text for rule in self.duty}
