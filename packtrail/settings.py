"""Settings: one TOML file per role, checked whole before anything opens.

What enters is a path, what leaves is a frozen value; every fault of the file is reported at
once, with the key it stands at. Secrets never stand in the file: it names the environment
variable that holds them.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, ValidationInfo

from packtrail.errors import PacktrailError, SettingsError
from packtrail.language import Text, locale_language


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
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        fault = Text("cannot be read: {why}", "无法读取：{why}")
        raise SettingsError(str(path), [fault.say(why=error.strerror)]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(str(path), [f"not TOML: {error}"]) from error
    return parse(model, content, path)


def parse(model: type[Model], content: dict[str, object], path: Path) -> Model:
    """Check `content` as if it stood in the file `path`; see `load`."""
    try:
        return model.model_validate(content, context={"folder": path.parent.resolve()})
    except ValidationError as error:
        faults = [_describe(fault["loc"], fault["type"], fault["msg"]) for fault in error.errors()]
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


_CHINESE = {
    "missing": "缺少此项",
    "extra_forbidden": "未知的配置项",
    "int_parsing": "应为整数",
    "float_parsing": "应为数字",
    "bool_parsing": "应为 true 或 false",
    "string_type": "应为文本",
}


def _describe(place: tuple[int | str, ...], kind: str, message: str) -> str:
    key = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in place)
    chinese = _CHINESE.get(kind) if locale_language() == "zh" else None
    return f"{key.lstrip('.') or '(top)'}: {chinese or message}"
