"""The one language of errors.

    PacktrailError
    ├── SettingsError      a settings file, all its faults at once
    ├── CodeError          a text that is no pack code
    ├── CodecError         bytes that are no record, receipt, event or column chunk
    └── one sibling per room: DecoderError, ModelError, GatewayError, BridgeError, SimulationError

Each says what failed, where, why, what to do about it, and whether trying again can help.
Bad *data* is not an exception but a counted outcome; these are for a caller's mistakes and
for a world that does not answer.
"""

from __future__ import annotations

from packtrail.language import Text


class PacktrailError(Exception):
    """An error that a person can act on.

    Args:
        what: what went wrong, one sentence in both languages, or English alone.
        where: the file, line, key, topic or address that it happened at.
        hint: what the reader can do about it.
        retryable: whether the same call may succeed later without a change.
    """

    def __init__(
        self,
        what: Text | str,
        *,
        where: str = "",
        hint: Text | str = "",
        retryable: bool = False,
    ) -> None:
        self.what = what
        self.where = where
        self.hint = hint
        self.retryable = retryable
        super().__init__(self.describe("en"))

    def describe(self, language: str | None = None) -> str:
        """One line: where, what, remedy."""
        parts = [f"{self.where}: " if self.where else "", _in(self.what, language)]
        if self.hint:
            parts.append(f" — {_in(self.hint, language)}")
        return "".join(parts)


class SettingsError(PacktrailError):
    """A settings file that cannot be used; `faults` lists every one of them."""

    def __init__(self, where: str, faults: list[str]) -> None:
        self.faults = faults
        super().__init__(
            "; ".join(faults),
            where=where,
            hint=Text("correct the file and run `check` again", "请更正该文件后重新运行 check"),
        )


class CodeError(PacktrailError):
    """A text that is not a pack code; `position` is the offending character, from 1."""

    def __init__(self, what: Text | str, *, text: str, position: int | None = None) -> None:
        self.text = text
        self.position = position
        super().__init__(what, where=text)


class CodecError(PacktrailError):
    """Bytes that are not what they claim to be. `reason` is a stable code for receipts."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        super().__init__(f"{reason}: {detail}" if detail else reason)


def _in(text: Text | str, language: str | None) -> str:
    return text.say(language) if isinstance(text, Text) else text
