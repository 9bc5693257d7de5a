"""The deployment's table of rules: recorded in the store, and the same for every bridge on it.

A table that comes with packtrail gives way to that of a later packtrail; one that somebody adopted
stays until somebody adopts another. A bridge that brings a different one follows what is recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from cloud_bridge.errors import BridgeError
from cloud_bridge.rules.table import RuleTable
from cloud_bridge.store import Store
from packtrail.language import Text
from packtrail.shapes import from_json

BUNDLED: Final = "packtrail"
ADOPTED: Final = "adopted"


class Adopted(NamedTuple):
    """A table as it was recorded, without its rules.

    Attributes:
        number: rising; the highest is in force.
        digest: of its rules.
        name: with its version.
        source: `packtrail` for one that came with it, `adopted` for somebody's decision.
        adopted_ns: when, UTC.
        adopted_by: a bridge, or who gave the command.
    """

    number: int
    digest: str
    name: str
    source: str
    adopted_ns: int
    adopted_by: str


class InForce(NamedTuple):
    """The table in force, and how it came to be."""

    table: RuleTable
    adopted: Adopted


def history(store: Store) -> Iterator[Adopted]:
    """Every table that was ever in force, the oldest first."""
    yield from (Adopted(*row) for row in store.stream("rule_tables"))


def newest(store: Store) -> int:
    """The number of the table in force, 0 for none yet."""
    ((number,),) = store.stream("rule_table_newest")
    return number or 0


def in_force(store: Store) -> InForce | None:
    """The table that binds, None where none was ever recorded.

    Raises:
        BridgeError: a later packtrail wrote it in a form that this one does not know.
    """
    for row in store.stream("rule_table", {"number": newest(store)}):
        number, digest, name, source, content, adopted_ns, by = row
        adopted = Adopted(number, digest, name, source, adopted_ns, by)
        return InForce(_read(content, name), adopted)
    return None


def table_of(store: Store, digest: str) -> RuleTable | None:
    """A table that was once recorded, by the digest of its rules."""
    for (content,) in store.stream("rule_table_of", {"digest": digest}):
        return _read(content, digest[:12])
    return None


def settle(store: Store, own: RuleTable, who: str, now_ns: int) -> InForce:
    """The table that binds, after a bridge has brought its own.

    It is recorded where there is none yet, and where both come with packtrail and it is the later.
    """
    found = in_force(store)
    if found is None or _is_later(own, found):
        _record(store, own, BUNDLED if own.revision else ADOPTED, who, now_ns,
                after=found.adopted.number if found else 0)  # fmt: skip
        found = in_force(store)
    if found is None:
        raise BridgeError(Text("no table of rules is on record", "没有已记录的规则表"))
    return found


def adopt(store: Store, table: RuleTable, who: str, now_ns: int) -> bool:
    """Put a table in force for every bridge on this store; False where it was already."""
    found = in_force(store)
    after = found.adopted.number if found else 0
    if found and found.table == table and found.adopted.source == ADOPTED:
        return False
    if not _record(store, table, ADOPTED, who, now_ns, after=after):
        raise BridgeError(
            Text("somebody else has just adopted a table", "其他人刚刚启用了规则表"),
            hint=Text("compare with `rules diff` and try again", "请用 rules diff 比较后重试"),
            retryable=True,
        )
    return True


def _is_later(own: RuleTable, found: InForce) -> bool:
    bundled = found.adopted.source == BUNDLED
    return bundled and own.revision > found.table.revision and own.digest != found.adopted.digest


def _record(
    store: Store, table: RuleTable, source: str, who: str, now_ns: int, *, after: int
) -> bool:
    row: dict[str, Any] = {"number": after + 1, "digest": table.digest, "name": table.name}
    row |= {"content": msgspec.json.encode(table).decode(), "source": source}
    return store.run_statements([("insert_rule_table", [{**row, "now": now_ns, "author": who}])])


def _read(content: str, name: str) -> RuleTable:
    try:
        return from_json(content, RuleTable)
    except msgspec.DecodeError as error:
        raise BridgeError(
            Text(f"a later packtrail wrote it: {error}", f"由更新版本写入：{error}"),
            where=f"rule table {name}",
            hint=Text("upgrade this installation", "请升级本软件"),
        ) from error
