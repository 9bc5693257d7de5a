"""Files of one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from packtrail.errors import reason_of, remedy_of
from packtrail.language import Text
from packtrail.shapes import from_json
from soh_model.errors import ModelError

One = TypeVar("One", bound=msgspec.Struct)


def objects_in(file: Path, kind: type[One], hint: Text) -> Iterator[One]:
    """The objects of a file, one at a time; empty lines are passed over.

    Args:
        file: to be read.
        kind: what each line holds.
        hint: what to give instead, for whom gave something else.

    Raises:
        ModelError: The file is missing or a line holds something else; it is named.
    """
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _decoded(line, kind, f"{file}:{number}", hint)
    except OSError as error:
        raise ModelError(reason_of(error), where=str(file), hint=remedy_of(error)) from error


def _decoded(line: bytes, kind: type[One], where: str, hint: Text) -> One:
    try:
        return from_json(line, kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(str(error), where=where, hint=hint) from error
