"""The access table: `table.toml`, or a file of one's own in the same form. Default deny."""

from __future__ import annotations

from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from cloud_bridge.access.fields import Field, Jurisdiction, Purpose, Reader
from packtrail.errors import SettingsError
from packtrail.shapes import convert
from packtrail.times import format_time
from packtrail.toml_file import read_toml


class Grant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """One row: every role of it may see every field of it, for each of its purposes.

    Attributes:
        jurisdictions: where.
        roles: who.
        purposes: what for.
        fields: what.
        legal: act and article.
        from_: in force from this date.
        to: in force up to and with this date, None for open.
        provisional: whether the ground is an assumption because none is published.
    """

    jurisdictions: tuple[Jurisdiction, ...]
    roles: tuple[Reader, ...]
    purposes: tuple[Purpose, ...]
    fields: tuple[Field, ...]
    legal: str
    from_: date
    to: date | None = None
    provisional: bool = False

    def in_force(self, day: date) -> bool:
        """Whether it holds on `day` (UTC)."""
        return self.from_ <= day and (self.to is None or day <= self.to)


class AccessTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All rows, and the version of the table that they make up."""

    version: str
    grant: tuple[Grant, ...]

    def seen(self, where: Jurisdiction, who: Reader, why: Purpose, now_ns: int) -> frozenset[Field]:
        """What `who` may see: the rows of the role, and those of the public."""
        roles = {who, Reader.PUBLIC}
        return frozenset(
            field
            for row in self._valid(where, now_ns)
            if roles.intersection(row.roles) and why in row.purposes
            for field in row.fields
        )

    def who_may_see(self, field: Field, where: Jurisdiction, now_ns: int) -> tuple[Reader, ...]:
        """The roles that some purpose shows `field` to, in the order of `Reader`."""
        rows = [row for row in self._valid(where, now_ns) if field in row.fields]
        return tuple(role for role in Reader if any(role in row.roles for row in rows))

    def _valid(self, where: Jurisdiction, now_ns: int) -> list[Grant]:
        day = date.fromisoformat(format_time(now_ns)[:10])
        return [row for row in self.grant if where in row.jurisdictions and row.in_force(day)]


def read_table(path: Path | None = None) -> AccessTable:
    """The table of a file, by default the one that comes with packtrail.

    Raises:
        SettingsError: it cannot be read, or a row is not of the form.
    """
    source = path or Path(str(files("cloud_bridge.access").joinpath("table.toml")))
    content: dict[str, Any] = read_toml(source)
    try:
        return convert(content, AccessTable)
    except msgspec.ValidationError as error:
        raise SettingsError(str(source), [str(error)]) from error
