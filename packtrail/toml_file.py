"""A TOML file as a table, or one error that says what to do about it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from packtrail.errors import SettingsError, reason_of, remedy_of
from packtrail.language import Text


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        SettingsError: it is missing, may not be read, or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        fault = Text("cannot be read: {why}", "无法读取：{why}").say(why=reason_of(error).say())
        raise SettingsError(str(path), [fault], hint=remedy_of(error)) from error
    except RecursionError as error:
        fault = Text("nested too deeply", "嵌套过深").say()
        raise SettingsError(str(path), [fault]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        fault = Text("not TOML: {why}", "不是 TOML 文件：{why}").say(why=error)
        raise SettingsError(str(path), [fault]) from error
