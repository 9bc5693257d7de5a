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

import errno
from typing import Final

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
        """One line, whatever a library's message looked like: where, what, remedy."""
        parts = [f"{self.where}: " if self.where else "", _in(self.what, language)]
        if self.hint:
            parts.append(f" — {_in(self.hint, language)}")
        return " ".join("".join(parts).split())


class SettingsError(PacktrailError):
    """A settings file that cannot be used; `faults` lists every one of them."""

    def __init__(self, where: str, faults: list[str], *, hint: Text | None = None) -> None:
        self.faults = faults
        mend = Text("correct the file and try again", "请更正该文件后重试")
        super().__init__("; ".join(faults), where=where, hint=hint or mend)


class CodeError(PacktrailError):
    """A text that is not a pack code; `position` is the offending character, from 1."""

    def __init__(
        self,
        what: Text | str,
        *,
        text: str,
        position: int | None = None,
        hint: Text | None = None,
    ) -> None:
        self.text = text
        self.position = position
        compare = Text("compare it with the label", "请与标签核对")
        super().__init__(what, where=text, hint=hint or compare)


class CodecError(PacktrailError):
    """Bytes that are not what they claim to be. `reason` is a stable code for receipts."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        super().__init__(f"{reason}: {detail}" if detail else reason)


def reason_of(error: OSError) -> Text:
    """Why the operating system said no."""
    known = _REASONS.get(error.errno or 0)
    told = error.strerror or str(error)
    return known or Text(told, told)


def remedy_of(error: OSError) -> Text:
    """What usually helps against it."""
    return _REMEDIES.get(error.errno or 0, _LOOK)


def os_fault(error: OSError, where: object = "") -> PacktrailError:
    """What the operating system refused, as one line for a person.

    Args:
        error: its refusal.
        where: the file, if the error does not name it.
    """
    place = str(where or error.filename or "")
    return PacktrailError(reason_of(error), where=place, hint=remedy_of(error))


_REASONS: Final = {
    errno.ENOENT: Text("no such file or directory", "文件或目录不存在"),
    errno.EISDIR: Text("is a directory", "是一个目录"),
    errno.ENOTDIR: Text("part of the path is no directory", "路径中有一部分不是目录"),
    errno.EEXIST: Text("is in the way: it exists already", "已存在，无法新建"),
    errno.EACCES: Text("permission denied", "权限不足"),
    errno.EPERM: Text("not permitted", "不允许此操作"),
    errno.EROFS: Text("the file system is read-only", "文件系统为只读"),
    errno.ENOSPC: Text("the disk is full", "磁盘已满"),
    errno.EDQUOT: Text("the disk quota is used up", "磁盘配额已用完"),
    errno.EFBIG: Text("the file would grow beyond what is allowed", "文件超过允许的大小"),
    errno.EADDRINUSE: Text("the port is taken", "端口已被占用"),
    errno.ECONNREFUSED: Text("nothing listens there", "该地址没有服务"),
}
_PATH: Final = Text("check the path", "请检查路径")
_RIGHTS: Final = Text("check its owner and rights", "请检查其属主与权限")
_SPACE: Final = Text("free some space or choose another disk", "请清理空间或更换磁盘")
_LOOK: Final = Text("check the file and the disk", "请检查文件与磁盘")
_REMEDIES: Final = {
    errno.ENOENT: _PATH,
    errno.EISDIR: _PATH,
    errno.ENOTDIR: _PATH,
    errno.EEXIST: _PATH,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EROFS: _RIGHTS,
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EFBIG: _SPACE,
    errno.EADDRINUSE: Text("choose another port", "请更换端口"),
    errno.ECONNREFUSED: Text("start it, or correct the address", "请启动该服务或更正地址"),
}


def _in(text: Text | str, language: str | None) -> str:
    return text.say(language) if isinstance(text, Text) else text
