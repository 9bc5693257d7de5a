"""The table of rules: `retention.toml`, or a file of one's own in the same form."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import msgspec

from cloud_bridge.fold.axes import Lifecycle, Safety
from cloud_bridge.fold.contests import ContestReason
from cloud_bridge.rules.dates import in_force
from packtrail.errors import CodecError, SettingsError
from packtrail.language import Text
from packtrail.shapes import convert
from packtrail.toml_file import read_toml


class KeepRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """One reason to keep telemetry.

    Attributes:
        id: stable name.
        en: the reason in English.
        zh: the reason in Chinese.
        when: what it depends on: `always`; `stage`, the pack's stage of life now; `contested`,
            what contradicts now; `duty`, a duty about the pack is open now; `incident`, telemetry
            around incidents; `estimate`, telemetry that a state of health rests on; `heard`, `days`
            from the pack's newest day of telemetry on.
        from_: in force from this date.
        to: in force up to and with this date, "" for open.
        days: how long, from the end of the chunk's UTC day on; None for as long as `when` holds.
        every: only every so-manieth UTC day, counted from 1970-01-01; 1 for all.
        stages: for `stage`: which.
        reasons: for `contested`: which, such as `disputed`; all without.
        severities: for `incident`: which; all without.
        around_days: for `incident` and `estimate`: so much before and after, days.
        newest: for `estimate`: only so many newest; 0 for all.
        duties: for `duty`: which rules of the table of duties; all without.
        registered: only packs that a maker or importer has put on record, or only those that
            nobody has; None for both.
        legal: act and article, "" for none.
        provisional: whether the period is a default because no act sets one.
    """

    id: str
    en: str
    zh: str
    when: Literal["always", "stage", "contested", "duty", "incident", "estimate", "heard"]
    from_: str
    to: str = ""
    days: int | None = None
    every: int = 1
    stages: tuple[Lifecycle, ...] = ()
    reasons: tuple[ContestReason, ...] = ()
    severities: tuple[Safety, ...] = ()
    around_days: float = 0.0
    newest: int = 0
    duties: tuple[str, ...] = ()
    registered: bool | None = None
    legal: str = ""
    provisional: bool = False

    @property
    def text(self) -> Text:
        """Why something is kept."""
        return Text(self.en, self.zh)

    @property
    def floor(self) -> bool:
        """Whether it speaks of all telemetry of every pack."""
        return self.when == "always" and self.every == 1 and self.registered is None

    def in_force(self, t_ns: int) -> bool:
        """Whether it binds what is decided at `t_ns`."""
        return in_force(self.from_, self.to, t_ns)


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    keep: tuple[KeepRule, ...]


class Policy(msgspec.Struct, frozen=True):
    """A table of rules, and what names it in the ledger.

    Attributes:
        name: with its version.
        digest: SHA-256 of the file, hex.
        rules: all of them, in force or not.
    """

    name: str
    digest: str
    rules: tuple[KeepRule, ...]

    def binding(self, now_ns: int) -> tuple[KeepRule, ...]:
        """Rules in force."""
        return tuple(rule for rule in self.rules if rule.in_force(now_ns))


def read_policy(path: Path | None = None) -> Policy:
    """The rules of a file, by default those that come with packtrail.

    Raises:
        SettingsError: it cannot be read, or a rule is not of the form.
    """
    source = path or Path(str(files("cloud_bridge.retention").joinpath("retention.toml")))
    content: dict[str, Any] = read_toml(source)
    try:
        table = convert(content, _Table)
    except msgspec.ValidationError as error:
        raise SettingsError(str(source), [str(error)]) from error
    faults = [text.say() for text in _faults(table)]
    if faults:
        raise SettingsError(str(source), faults)
    return Policy(table.name, hashlib.sha256(source.read_bytes()).hexdigest(), table.keep)


def _faults(table: _Table) -> list[Text]:
    found = [_fault(rule) for rule in table.keep]
    ids = [rule.id for rule in table.keep]
    found += [
        Text(f"{name} stands twice", f"{name} 重复") for name in set(ids) if ids.count(name) > 1
    ]
    if not any(rule.floor for rule in table.keep):
        found.append(
            Text(
                'a rule with when = "always" and no `every` is missing: it sets the least period',
                '缺少 when = "always" 且无 every 的规则：它规定最短期限',
            )
        )
    if not table.name.strip():
        found.append(Text("name: give the table a name and version", "name：请给出名称与版本"))
    return [one for one in found if one]


def _fault(rule: KeepRule) -> Text | None:
    try:
        rule.in_force(0)
    except CodecError as error:
        return Text(f"{rule.id}: {error}", f"{rule.id}：{error}")
    if rule.every < 1 or rule.newest < 0 or rule.around_days < 0 or (rule.days or 0) < 0:
        return Text(f"{rule.id}: a number is too small", f"{rule.id}：数值过小")
    if rule.when == "stage" and not rule.stages:
        return Text(f"{rule.id}: stages are missing", f"{rule.id}：缺少 stages")
    if rule.when == "heard" and rule.days is None:
        return Text(f"{rule.id}: days are missing", f"{rule.id}：缺少 days")
    told = [name for name in _BELONGS if getattr(rule, name)]
    strange = [name for name in told if rule.when not in _BELONGS[name]]
    if strange:
        names = ", ".join(strange)
        return Text(
            f'{rule.id}: {names} says nothing with when = "{rule.when}"',
            f'{rule.id}：when = "{rule.when}" 时 {names} 无意义',
        )
    return None


_BELONGS = {
    "stages": ("stage",),
    "reasons": ("contested",),
    "severities": ("incident",),
    "around_days": ("incident", "estimate"),
    "newest": ("estimate",),
    "duties": ("duty",),
}
