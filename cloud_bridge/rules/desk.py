"""What `packtrail bridge rules` says: the table in force, a comparison, an adoption."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping

from cloud_bridge.rules.book import DutyBook
from cloud_bridge.rules.difference import DAY_NS, Effect, RuleChange, changes, effect
from cloud_bridge.rules.recorded import ADOPTED, adopt, history
from cloud_bridge.rules.table import DutyRule, RuleTable
from cloud_bridge.store import Store
from packtrail.language import Text
from packtrail.times import format_time

SHOWN = 20


def sound(table: RuleTable) -> str:
    """That a file may be put in force."""
    told = Text(
        "{name}: {n} rules, no fault; digest {digest}", "{name}：{n} 条规则，无错误；摘要 {digest}"
    )
    return told.say(name=table.name or "–", n=len(table.duty), digest=table.digest[:16])


def shown(book: DutyBook, store: Store) -> str:
    """The table in force, how it came to be, and those before it."""
    binding = book.in_force(store)
    lines = [_rule_line(rule) for rule in binding.table.duty]
    for one in history(store):
        mark = "→" if one.number == binding.adopted.number else " "
        how = Text("adopted", "人工启用") if one.source == ADOPTED else Text("bundled", "随附")
        lines.append(
            f"{mark} {one.number}  {format_time(one.adopted_ns)[:19]}Z  {one.adopted_by}  "
            f"{how.say()}  {one.name or '–'}  {one.digest[:16]}"
        )
    if book.differs(store):
        told = Text(
            "! this installation brings another: {name}", "! 本安装自带的规则表不同：{name}"
        )
        lines.append(told.say(name=book.own.name or book.own.digest[:16]))
    return "\n".join(lines)


def adopted(book: DutyBook, store: Store, table: RuleTable, who: str) -> str:
    """Put a table in force."""
    before = book.in_force(store).table
    if not adopt(store, table, who, time.time_ns()):
        return Text("it is in force already", "该规则表已生效").say()
    lines = [_change_line(one) for one in changes(before, table)]
    told = Text(
        "in force for every bridge on this store; running bridges make its list beside the old one",
        "已对本库所有云桥生效；运行中的云桥将另行生成新列表，期间仍显示旧列表",
    )
    return "\n".join([*lines, told.say()])


def compared(store: Store, old: RuleTable, new: RuleTable, now_ns: int, recent_days: float) -> str:
    """What differs, and what that changes for whom."""
    found = changes(old, new)
    if not found:
        return Text("the same rules", "规则相同").say()
    lines = [_change_line(one) for one in found]
    comes = effect(store, old, new, now_ns, round(recent_days * DAY_NS))
    return "\n".join([*lines, *_effect_lines(comes, recent_days)])


def _rule_line(rule: DutyRule) -> str:
    unit = Text("working days", "个工作日") if rule.unit == "working_day" else Text("days", "天")
    mark = Text(" (provisional)", "（暂定）").say() if rule.provisional else ""
    span = f"{rule.from_} – {rule.to or '…'}"
    ground = f"{rule.ground.say()}{mark}"
    return f"  {span}  {rule.id}: {rule.text.say()}, {rule.days} {unit.say()}  [{ground}]"


def _change_line(change: RuleChange) -> str:
    if change.old is None and change.new is not None:
        return "+" + _rule_line(change.new)[1:]
    if change.new is None and change.old is not None:
        return "-" + _rule_line(change.old)[1:]
    told = ", ".join(f"{name}: {_of(change.old, name)} → {_of(change.new, name)}"
                     for name in change.fields)  # fmt: skip
    return f"~ {change.id}: {told}"


def _of(rule: DutyRule | None, name: str) -> str:
    value = getattr(rule, "from_" if name == "from" else name)
    return "/".join(value) if isinstance(value, tuple) else str(value) or "…"


def _effect_lines(found: Effect, recent_days: float) -> Iterator[str]:
    yield from _counted(Text("open duties that go", "将取消的未完成义务"), found.gone)
    yield from _counted(Text("open duties that come", "将新增的未完成义务"), found.come)
    yield from _counted(
        Text("open duties due on another day", "期限变化的未完成义务"),
        found.moved,
        found.shift_days,
    )
    late = Text(
        "what was told in {n} days and later rules would bind",
        "最近 {n} 天上报中后续规则将约束的事实",
    )
    yield from _counted(late.fill(n=f"{recent_days:g}"), found.ahead)


def _counted(
    what: Text,
    counts: Counter[tuple[str, str]],
    shifts: Mapping[tuple[str, str], int] | None = None,
) -> Iterator[str]:
    yield f"{what.say()}: {sum(counts.values())}"
    for (rule, holder), count in counts.most_common(SHOWN):
        days = Text(" ({n:+d} days)", "（{n:+d} 天）").say(n=shifts[rule, holder]) if shifts else ""
        yield f"  {holder}  {rule}  {count}{days}"
    if len(counts) > SHOWN:
        yield Text("  … {n} more", "  ……另有 {n} 项").say(n=len(counts) - SHOWN)
