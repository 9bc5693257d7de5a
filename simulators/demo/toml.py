"""Writes settings as TOML: what the standard library reads but does not write."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path


def write_toml(path: Path, content: Mapping[str, object]) -> None:
    """Write tables, arrays of tables and plain values.

    JSON's strings, numbers, booleans and lists are TOML's too, as long as no text holds control
    characters and no value is null.
    """
    path.write_text("\n".join(_table(content, "")) + "\n", "utf-8")


def _table(content: Mapping[str, object], name: str) -> Iterator[str]:
    """Plain values first, for a TOML table ends where the next begins."""
    for key, value in content.items():
        if not _is_table(value):
            yield f"{key} = {json.dumps(value, ensure_ascii=False)}"
    for key, value in content.items():
        full = f"{name}.{key}" if name else key
        if isinstance(value, Mapping):
            yield from ("", f"[{full}]", *_table(value, full))
        elif isinstance(value, list) and _is_table(value):
            for element in value:
                yield from ("", f"[[{full}]]", *_table(element, full))


def _is_table(value: object) -> bool:
    listed = isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)
    return listed or isinstance(value, Mapping)
