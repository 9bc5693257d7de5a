"""Every error as problem+json (RFC 9457), in the reader's language; never a traceback."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from cloud_bridge.api.context import language_of
from packtrail import logs
from packtrail.errors import PacktrailError
from packtrail.language import Text

MEDIA_TYPE: Final = "application/problem+json"

TITLES: Final = {
    400: Text("The request cannot be read", "请求无法识别"),
    401: Text("A key or a login is needed", "需要密钥或登录"),
    403: Text("Not for this reader", "该访问者无权查看"),
    404: Text("Not found", "未找到"),
    405: Text("Method not allowed", "不支持该方法"),
    406: Text("Not in this form", "无法以此格式提供"),
    413: Text("The request is too large", "请求过大"),
    415: Text("The body is of another type", "不支持该内容类型"),
    422: Text("The request does not fit", "请求内容不符合要求"),
    429: Text("Too many requests", "请求过于频繁"),
    500: Text("The bridge made a mistake", "云桥内部错误"),
    501: Text("Not installed on this bridge", "本云桥未安装该功能"),
    503: Text("The store does not answer now", "数据库暂时无响应"),
}

log = logs.get("cloud_bridge.api")


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it a problem
    """An answer that is an error.

    Args:
        status: HTTP status.
        detail: what is wrong with this request, both languages.
        **more: further members of the answer; a `Text` is said in the reader's language.
    """

    def __init__(self, status: int, detail: Text, **more: Any) -> None:
        self.status = status
        self.detail = detail
        self.more = more
        super().__init__(detail.en)

    def response(self, language: str) -> Response:
        """The answer in `language`."""
        title = TITLES.get(self.status, TITLES[500])
        body = {
            "type": "about:blank",
            "title": title.say(language),
            "status": self.status,
            "detail": self.detail.say(language),
            **{
                name: value.say(language) if isinstance(value, Text) else value
                for name, value in self.more.items()
            },
        }
        headers = {"Content-Language": language, "Vary": "Accept-Language"}
        if self.status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="packtrail"'
        if self.status == 503:
            headers["Retry-After"] = "5"
        if "retry_after_s" in self.more:
            headers["Retry-After"] = str(self.more["retry_after_s"])
        return Response(
            msgspec.json.encode(body), self.status, media_type=MEDIA_TYPE, headers=headers
        )


def install(app: FastAPI) -> None:
    """Answer every error of `app` in this form."""

    @app.exception_handler(Problem)
    async def _ours(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, Problem)
        return problem.response(language_of(request))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        title = TITLES.get(error.status_code, Text(str(error.detail), str(error.detail)))
        response = Problem(error.status_code, title).response(language_of(request))
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        language = language_of(request)
        faults = [_fault(fault, language) for fault in error.errors()]
        detail = Text("see `errors`", "详见 errors")
        return Problem(422, detail, errors=faults).response(language)

    @app.exception_handler(PacktrailError)
    async def _known(request: Request, error: Exception) -> Response:
        assert isinstance(error, PacktrailError)
        log.error("request_failed", path=request.url.path, error=error.describe("en"))
        status = 503 if error.retryable else 500
        return Problem(status, TITLES[status]).response(language_of(request))

    @app.exception_handler(Exception)
    async def _unknown(request: Request, _error: Exception) -> Response:
        return Problem(500, TITLES[500]).response(language_of(request))


class FieldFault(msgspec.Struct, frozen=True):
    """One parameter that does not fit: where it stands and what is wrong with it."""

    where: str
    what: str


class ProblemAnswer(msgspec.Struct, frozen=True):
    """An error (RFC 9457) in the language of `lang` or `Accept-Language`.

    Further members name what the error is about. `remedy` says what helps, `errors` names each
    parameter that does not fit.
    """

    type: str
    title: str
    status: int
    detail: str
    remedy: str | None = None
    errors: list[FieldFault] = []


FAULTS: Final = {
    "missing": Text("is missing", "缺失"),
    "int_parsing": Text("is not a whole number", "应为整数"),
    "bool_parsing": Text("is neither true nor false", "应为 true 或 false"),
    "greater_than_equal": Text("must be at least {ge}", "不得小于 {ge}"),
    "less_than_equal": Text("must be at most {le}", "不得大于 {le}"),
    "string_too_short": Text("has fewer than {min_length} characters", "不足 {min_length} 个字符"),
    "string_too_long": Text("has more than {max_length} characters", "超过 {max_length} 个字符"),
    "string_pattern_mismatch": Text("does not match {pattern}", "不符合格式 {pattern}"),
    "enum": Text("must be one of {expected}", "应为以下之一：{expected}"),
    "literal_error": Text("must be one of {expected}", "应为以下之一：{expected}"),
}
"""Types of pydantic's faults; its own sentence, in English, stands for all others."""


def _fault(fault: Any, language: str) -> FieldFault:
    place = ".".join(str(part) for part in fault["loc"])
    said = FAULTS.get(fault["type"])
    what = said.say(language, **fault.get("ctx", {})) if said else str(fault["msg"])
    return FieldFault(place, what)
