"""Settings of the local outputs: `[[alarms.output]]`."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from gateway.alarms.outputs import CommandOutput, FileOutput, HttpOutput, MqttOutput, Output, Siren
from gateway.alarms.thresholds import Severity
from packtrail.language import Text
from packtrail.settings import Settings, SettingsPath, secret


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        told = Text("{url!r} is no http or https address", "{url!r} 不是 http 或 https 地址")
        raise ValueError(told.say(url=url))
    return url


class HttpSettings(Settings):
    """A POST for each alarm."""

    by: Literal["http"]
    url: Annotated[str, AfterValidator(_web_address)]
    least: Severity = "watch"

    @property
    def output(self) -> Output:
        """As the siren takes it."""
        return HttpOutput(self.url)


class MqttSettings(Settings):
    """A topic of the site's own broker."""

    by: Literal["mqtt"]
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    topic: Annotated[str, Field(min_length=1, pattern=r"^[^+#]*[^+#/]$")] = "packtrail-local/alarms"
    username: str = ""
    password_env: str = ""
    least: Severity = "watch"

    @property
    def output(self) -> Output:
        """As the siren takes it.

        Raises:
            PacktrailError: the environment variable is not set.
        """
        password = secret(self.password_env) if self.password_env else ""
        return MqttOutput(self.host, self.port, self.topic, self.username, password)


class FileSettings(Settings):
    """A file, such as the `value` of a GPIO line in sysfs."""

    by: Literal["file"]
    path: SettingsPath
    on: str = "1"
    off: str = "0"
    least: Severity = "danger"

    @property
    def output(self) -> Output:
        """As the siren takes it."""
        return FileOutput(self.path, self.on, self.off)


class CommandSettings(Settings):
    """A program of the site; `on` or `off` is appended, the alarm comes on standard input."""

    by: Literal["command"]
    command: Annotated[tuple[str, ...], Field(min_length=1)]
    least: Severity = "danger"

    @property
    def output(self) -> Output:
        """As the siren takes it."""
        return CommandOutput(self.command)


OutputSettings = Annotated[
    HttpSettings | MqttSettings | FileSettings | CommandSettings, Field(discriminator="by")
]


def siren_of(settings: HttpSettings | MqttSettings | FileSettings | CommandSettings) -> Siren:
    """The output with its thread."""
    return Siren(settings.by, settings.output, settings.least)
