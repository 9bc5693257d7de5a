"""A table of rules from a file: `duties.toml`, or one's own, refused with all its faults."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import msgspec

from cloud_bridge.rules.faults import checked
from cloud_bridge.rules.table import DutyRule, RuleTable
from packtrail.errors import SettingsError
from packtrail.toml_file import read_toml


def read_table(path: Path | None = None) -> RuleTable:
    """The table of a file, by default the one that comes with packtrail.

    Raises:
        SettingsError: it cannot be read, or is wrong: every fault with its place and remedy.
    """
    source = path or Path(str(files("cloud_bridge.rules").joinpath("duties.toml")))
    table, faults = checked(read_toml(source))
    if table is None or faults:
        raise SettingsError(str(source), [fault.say() for fault in faults])
    # Only what comes with packtrail gives way to what comes with a later one.
    return msgspec.structs.replace(table, revision=0) if path else table


def read_rules(path: Path | None = None) -> tuple[DutyRule, ...]:
    """The rules of `read_table`."""
    return read_table(path).duty
