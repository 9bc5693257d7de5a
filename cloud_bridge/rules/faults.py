"""What is wrong with a table of rules: every fault at once, each with its place and its remedy.

Three looks: the form of each rule, field by field; what a rule says by itself; and what rules say
together, where two bind the same act at once or where no act ever gets a duty done.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any, Final

import msgspec

from cloud_bridge.rules.dates import CHINA, offset_s, span
from cloud_bridge.rules.table import REPORT, DutyRule, RuleTable
from packtrail.errors import CodecError
from packtrail.event import EVENTS_OF_ROLE, Role
from packtrail.language import Text
from packtrail.shapes import convert

EVENTS: Final = frozenset().union(*EVENTS_OF_ROLE.values())
HEADS: Final = frozenset({"name", "revision", "utc_offset", "duty"})
MOST_DAYS: Final = 36_500
NO_RULE: Final = Text("no [[duty]] in it: write one table for each", "缺少 [[duty]]：每项义务一个")


def checked(content: dict[str, Any]) -> tuple[RuleTable | None, list[Text]]:
    """The table that a file holds, and what is wrong with it; None where it has not its form."""
    faults, rows = _head(content), content.get("duty")
    if not isinstance(rows, list) or not rows:
        return None, [*faults, NO_RULE]
    offset = str(content.get("utc_offset", CHINA))
    found = []
    for number, row in enumerate(rows, start=1):
        rule, wrong = _rule(row, _place(number, row), offset)
        faults += wrong
        found.append(rule)
    whole = [rule for rule in found if rule is not None]
    faults += _together(whole)
    if len(whole) < len(rows):
        return None, faults
    revision = content.get("revision", 0)
    if not isinstance(revision, int):
        return None, faults
    return RuleTable(str(content.get("name", "")), tuple(whole), revision), faults


def _place(number: int, row: Any) -> str:
    name = row.get("id") if isinstance(row, dict) else None
    return f"duty {number} ({name})" if isinstance(name, str) and name else f"duty {number}"


def _head(content: dict[str, Any]) -> list[Text]:
    faults = [_unknown(name, HEADS, "") for name in content if name not in HEADS]
    if not isinstance(content.get("name", ""), str):
        faults.append(Text("name: has to be a text in quotes", "name：应为带引号的文本"))
    if not isinstance(content.get("revision", 0), int):
        faults.append(Text("revision: has to be a number", "revision：应为数字"))
    return faults


def _rule(row: Any, place: str, offset: str) -> tuple[DutyRule | None, list[Text]]:
    """A rule and what is wrong with it; None where it has not its form."""
    if not isinstance(row, dict):
        return None, [Text(f"{place}: no table; write [[duty]]", f"{place}：不是表；请写 [[duty]]")]
    row = {"utc_offset": offset, **row}
    fields = {one.encode_name: one for one in msgspec.structs.fields(DutyRule)}
    faults = [_unknown(name, fields, f"{place}.") for name in row if name not in fields]
    for name, one in fields.items():
        if name in row:
            faults += _typed(row[name], one.type, f"{place}.{name}")
        elif one.required:
            faults.append(Text(f"{place}: {name} is missing: {_WHAT[name].en}",
                               f"{place}：缺少 {name}：{_WHAT[name].zh}"))  # fmt: skip
    if faults:
        return None, faults
    rule = convert(row, DutyRule)
    return rule, list(_says(rule, place))


_WHAT: Final = {
    "id": Text("a name that stays", "固定名称"),
    "en": Text("the duty in English", "英文表述"),
    "zh": Text("the duty in Chinese", "中文表述"),
    "on": Text("event types that call for it", "触发的事件类型"),
    "by": Text('event types that fulfil it, or "report"', '履行的事件类型，或 "report"'),
    "days": Text("how many days", "天数"),
    "unit": Text('"calendar_day" or "working_day"', '"calendar_day" 或 "working_day"'),
    "legal": Text("act and article", "法规与条款"),
    "from": Text('from when it binds, like "2026-04-01"', '生效日期，如 "2026-04-01"'),
}


def _unknown(name: str, known: Iterable[str], place: str) -> Text:
    near = difflib.get_close_matches(name, list(known), 1)
    en = f"did you mean {near[0]}?" if near else "remove it"
    zh = f"是否应为 {near[0]}？" if near else "请删除"
    return Text(f"{place}{name}: no such field; {en}", f"{place}{name}：没有这个字段；{zh}")


def _typed(value: Any, kind: Any, place: str) -> list[Text]:
    try:
        convert(value, kind)
    except msgspec.ValidationError as error:
        return [Text(f"{place}: {error}", f"{place}：{error}")]
    return []


def _says(rule: DutyRule, place: str) -> Iterator[Text]:
    """Faults of one rule that has its form."""
    for name in ("id", "en", "zh", "legal", "on", "by"):
        if not (value := getattr(rule, name)) or (isinstance(value, str) and not value.strip()):
            what = _WHAT[name]
            yield Text(f"{place}.{name}: is empty: {what.en}", f"{place}.{name}：为空：{what.zh}")
    if not 0 < rule.days <= MOST_DAYS:
        yield Text(f"{place}.days: {rule.days} is not from 1 to {MOST_DAYS}",
                   f"{place}.days：{rule.days} 不在 1 至 {MOST_DAYS} 之间")  # fmt: skip
    for field, known in (("on", EVENTS), ("by", EVENTS | {REPORT}), ("roles", frozenset(Role))):
        for name in getattr(rule, field):
            if name not in known:
                yield _stranger(name, known, f"{place}.{field}")
    yield from _dates(rule, place)


def _stranger(name: str, known: Iterable[str], place: str) -> Text:
    near = difflib.get_close_matches(name, sorted(map(str, known)), 1)
    en = f"; did you mean {near[0]}?" if near else "; see docs/reference/events"
    zh = f"；是否应为 {near[0]}？" if near else "；参见事件清单"
    what = Text("no role", "没有角色") if place.endswith("roles") else Text("no event", "没有事件")
    return Text(f"{place}: {what.en} is called {name}{en}", f"{place}：{what.zh} {name}{zh}")


def _dates(rule: DutyRule, place: str) -> Iterator[Text]:
    try:
        offset_s(rule.utc_offset)
    except CodecError:
        yield Text(f'{place}.utc_offset: {rule.utc_offset!r} is not like "+08:00"',
                   f'{place}.utc_offset：{rule.utc_offset!r} 应如 "+08:00"')  # fmt: skip
    sound = True
    for name, day in (("from", rule.from_), ("to", rule.to)):
        if name == "from" or day:
            sound &= (fault := _no_date(day, f"{place}.{name}")) is None
            if fault:
                yield fault
    if sound and rule.to and rule.to < rule.from_:
        yield Text(f"{place}.to: {rule.to} is before {rule.from_}; exchange them or leave it out",
                   f"{place}.to：{rule.to} 早于 {rule.from_}；请对调或删去")  # fmt: skip


def _no_date(day: str, place: str) -> Text | None:
    try:
        span(day, "")
    except CodecError:
        return Text(f"{place}: {day!r} is no date like 2026-04-01", f"{place}：{day!r} 不是日期")
    return None


def _together(rules: Sequence[DutyRule]) -> list[Text]:
    """Faults of rules that are sound by themselves."""
    ids = [rule.id for rule in rules]
    twice = [name for name in dict.fromkeys(ids) if ids.count(name) > 1]
    faults = [
        Text(f"{name}: stands twice; give each version an id of its own, like {name}_2027",
             f"{name}：重复；请为每个版本取不同的 id，如 {name}_2027")
        for name in twice
    ]  # fmt: skip
    sound = [rule for rule in rules if not list(_says(rule, ""))]
    faults += [
        fault for pair in combinations(sound, 2) if pair[0].id != pair[1].id
        for fault in _overlap(*pair)
    ]  # fmt: skip
    return faults + _endless(sound)


def _common(one: DutyRule, other: DutyRule) -> bool:
    """Whether some moment, and some role, is bound by both."""
    roles = not one.roles or not other.roles or bool(set(one.roles) & set(other.roles))
    return roles and max(one.span[0], other.span[0]) < min(one.span[1], other.span[1])


def _overlap(one: DutyRule, other: DutyRule) -> Iterator[Text]:
    """The same act called for twice at once: an old rule that was not ended when a new came."""
    events = sorted(set(one.on) & set(other.on))
    meant = one.id in other.beside or other.id in one.beside
    if not events or meant or set(one.by) != set(other.by) or not _common(one, other):
        return
    first, second = sorted((one, other), key=lambda rule: rule.from_)
    since, until = second.from_, min((r.to for r in (one, other) if r.to), default="…")
    what = ", ".join(events)
    yield Text(
        f"{first.id} and {second.id}: both call for the same after {what} from {since} to {until}; "
        f'end {first.id} with "to" before {since}, or say beside = ["{first.id}"] in {second.id}',
        f"{first.id} 与 {second.id}：{since} 至 {until} 期间都对 {what} 提出同一义务；"
        f'请用 "to" 使 {first.id} 在 {since} 前失效，或在 {second.id} 中写 beside = ["{first.id}"]',
    )


def _endless(rules: Sequence[DutyRule]) -> list[Text]:
    """Rules that nobody ever gets done: each act that fulfils one calls for the next."""
    open_, moved = list(rules), True
    while moved:
        stuck = [rule for rule in open_ if not _ends(rule, open_)]
        moved, open_ = len(stuck) < len(open_), stuck
    if not open_:
        return []
    names = ", ".join(rule.id for rule in open_)
    return [
        Text(
            f"{names}: a cycle: each act that fulfils one of them calls for the next; "
            f'give one of them a "by" that calls for nothing, such as "report"',
            f"{names}：形成循环：履行其一的事件又触发下一项；"
            f'请为其中一项增加不再触发义务的 "by"，如 "report"',
        )
    ]


def _ends(rule: DutyRule, endless: Sequence[DutyRule]) -> bool:
    """Whether some act fulfils it and calls for none of those."""
    return any(
        act == REPORT
        or not any(act in other.on and _common_time(rule, other, act) for other in endless)
        for act in rule.by
    )


def _common_time(rule: DutyRule, other: DutyRule, act: str) -> bool:
    """Whether who does `act` for one may be bound by the other."""
    may = {role for role, events in EVENTS_OF_ROLE.items() if act in events}
    bound = not other.roles or bool(may & {Role(role) for role in other.roles})
    return bound and max(rule.span[0], other.span[0]) < min(rule.span[1], other.span[1])
