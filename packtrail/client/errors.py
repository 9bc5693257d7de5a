"""What can go wrong with a question, by what helps against it.

ClientError
├── UnreachableError     no bridge there, or no answer of one; trying again may help
├── ProblemError         the bridge says no, as application/problem+json (RFC 9457)
│   ├── RefusedError     400, 406, 413, 415, 422: the question does not fit
│   ├── ForbiddenError   401, 403: another key, or none may
│   ├── NotFoundError    404
│   ├── TooManyError     429: wait `retry_after_s`
│   └── UnavailableError 5xx: the bridge or its database
└── NotProvenError       what came does not hold; nothing of it is returned
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from packtrail.errors import PacktrailError
from packtrail.language import Text
from packtrail.proof.pack import Check


class ClientError(PacktrailError):
    """A question that has no answer."""


class UnreachableError(ClientError):
    """No answer of a bridge."""

    def __init__(self, what: Text, where: str) -> None:
        hint = Text("is the bridge running there?", "云桥是否在该地址运行？")
        super().__init__(what, where=where, hint=hint, retryable=True)


class ProblemError(ClientError):
    """The bridge says no.

    Attributes:
        status: HTTP status.
        title: the kind of problem, in the reader's language.
        detail: this one.
        remedy: what helps, "" where the bridge does not say.
        about: every other member, such as `field` (what is hidden) or `errors`.
        retry_after_s: when to ask again; None where the bridge does not say.
    """

    def __init__(
        self, status: int, said: Mapping[str, Any], where: str, retry_after_s: float | None = None
    ) -> None:
        self.status = status
        self.title = str(said.get("title", ""))
        self.detail = str(said.get("detail", ""))
        self.remedy = str(said.get("remedy") or "")
        members = ("type", "title", "status", "detail", "remedy")
        self.about = {name: value for name, value in said.items() if name not in members}
        self.retry_after_s = retry_after_s
        retryable = status == 429 or status >= 500
        told = self.detail or self.title or f"HTTP {status}"
        what = Text(f"the bridge answers {status}: {told}", f"云桥返回 {status}：{told}")
        super().__init__(what, where=where, hint=self.remedy, retryable=retryable)


class RefusedError(ProblemError):
    """The question does not fit; `about["errors"]` names each parameter."""


class ForbiddenError(ProblemError):
    """This reader may not; `about["field"]` names what is hidden."""


class NotFoundError(ProblemError):
    """Nobody ever spoke of it, or this bridge does not offer it."""


class TooManyError(ProblemError):
    """Asked too often, or too many streams are open."""


class UnavailableError(ProblemError):
    """The bridge or its database."""


class NotProvenError(ClientError):
    """What came does not hold.

    Attributes:
        checks: everything that was looked at, with the faults of each.
    """

    def __init__(self, faults: Sequence[str], where: str, checks: Sequence[Check] = ()) -> None:
        self.checks = tuple(checks)
        told = "; ".join(faults[:5])
        super().__init__(Text(f"not proven: {told}", f"未能证明：{told}"), where=where)


def problem_of(
    status: int, said: Mapping[str, Any], where: str, retry_after_s: float | None = None
) -> ProblemError:
    """The error of a status."""
    kinds: dict[int, type[ProblemError]] = {
        401: ForbiddenError,
        403: ForbiddenError,
        404: NotFoundError,
        429: TooManyError,
    }
    kind = kinds.get(status, UnavailableError if status >= 500 else RefusedError)
    return kind(status, said, where, retry_after_s)
