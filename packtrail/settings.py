"""Settings: one TOML file per role, checked whole before anything opens.

What enters is a path, what leaves is a frozen value; every fault of the file is reported at
once, with the line and the key it stands at. Secrets never stand in the file: it names the
environment variable that holds them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, ValidationInfo
from pydantic_core import ErrorDetails

from packtrail.errors import PacktrailError, SettingsError
from packtrail.language import Text
from packtrail.toml_file import read_toml
from packtrail.toml_lines import known_part, line_of


class Settings(BaseModel):
    """Base of every settings table: frozen, and a key that it does not know is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


Model = TypeVar("Model", bound=Settings)


def _beside_the_file(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder")
    return path.expanduser() if folder is None else Path(folder, path.expanduser())


SettingsPath = Annotated[Path, AfterValidator(_beside_the_file)]
"""A path in a settings file: relative ones are relative to that file."""


def load(model: type[Model], path: Path) -> Model:
    """Read and check a settings file.

    Raises:
        SettingsError: the file is missing, is no TOML, or has faults; all are listed.
    """
    content = read_toml(path)
    return parse(model, content, path, source=path.read_text("utf-8"))


def parse(model: type[Model], content: dict[str, object], path: Path, *, source: str = "") -> Model:
    """Check `content` as if it stood in the file `path`; see `load`.

    Args:
        model: what it has to be.
        content: of a TOML file.
        path: of that file; relative paths in it are relative to its folder.
        source: the text of the file, by which a fault's line is told; "" for none.
    """
    try:
        return model.model_validate(content, context={"folder": path.parent.resolve()})
    except ValidationError as error:
        faults = [_describe(fault, content, source) for fault in error.errors()]
        raise SettingsError(str(path), faults) from error


def secret(variable: str) -> str:
    """The value of the environment variable that a settings file named.

    Raises:
        PacktrailError: it is not set.
    """
    value = os.environ.get(variable)
    if value is None:
        raise PacktrailError(
            Text("the environment variable is not set", "环境变量未设置"),
            where=variable,
            hint=Text("set it, or remove its name from the settings", "设置它，或从配置中删除"),
        )
    return value


_FAULTS = {
    "missing": Text("is missing", "缺少此项"),
    "extra_forbidden": Text("there is no such setting", "没有这个配置项"),
    "int_type": Text("has to be a whole number", "应为整数"),
    "int_parsing": Text("has to be a whole number", "应为整数"),
    "int_from_float": Text("has to be a whole number", "应为整数"),
    "float_type": Text("has to be a number", "应为数字"),
    "float_parsing": Text("has to be a number", "应为数字"),
    "bool_type": Text("has to be true or false", "应为 true 或 false"),
    "bool_parsing": Text("has to be true or false", "应为 true 或 false"),
    "string_type": Text("has to be text", "应为文本"),
    "string_pattern_mismatch": Text("has to look like {pattern}", "格式应为 {pattern}"),
    "string_too_short": Text("is too short", "太短"),
    "model_type": Text("has to be a table", "应为表"),
    "model_attributes_type": Text("has to be a table", "应为表"),
    "tuple_type": Text("has to be a list", "应为列表"),
    "list_type": Text("has to be a list", "应为列表"),
    "literal_error": Text("has to be {expected}", "应为 {expected}"),
    "enum": Text("has to be {expected}", "应为 {expected}"),
    "greater_than": Text("has to be more than {gt}", "应大于 {gt}"),
    "greater_than_equal": Text("has to be {ge} or more", "应不小于 {ge}"),
    "less_than": Text("has to be less than {lt}", "应小于 {lt}"),
    "less_than_equal": Text("has to be {le} or less", "应不大于 {le}"),
    "finite_number": Text("has to be a finite number", "应为有限数"),
    "union_tag_not_found": Text("{discriminator} is missing", "缺少 {discriminator}"),
    "union_tag_invalid": Text(
        "there is no {discriminator} = '{tag}'; there are {expected_tags}",
        "没有 {discriminator} = '{tag}'；可用：{expected_tags}",
    ),
}
"""Our words for pydantic's faults; one without stands as pydantic says it."""


_LINE = Text("line {line}: {fault}", "第 {line} 行：{fault}")


def _describe(fault: ErrorDetails, content: dict[str, object], source: str) -> str:
    place = known_part(content, fault["loc"])
    # The last part may be what is missing; others that are not there are pydantic's own.
    last = fault["loc"][-1:]
    key = _spell(place if place[-1:] == last else place + last)
    ours = _FAULTS.get(fault["type"])
    said = ours.say(**fault.get("ctx", {})) if ours else fault["msg"].removeprefix("Value error, ")
    told = f"{key or '(top)'}: {said}"
    line = line_of(source, place)
    return told if line is None else _LINE.say(line=line, fault=told)


def _spell(key: tuple[str | int, ...]) -> str:
    parts = (f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in key)
    return "".join(parts).lstrip(".")
