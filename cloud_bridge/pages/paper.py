"""Paper: one template, filled in one language, for one request. All text is escaped."""

from __future__ import annotations

from functools import cache, partial
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from cloud_bridge.access.doorway import visitor_of
from cloud_bridge.api.answers import HiddenAnswer
from cloud_bridge.api.context import context_of
from cloud_bridge.fold import kind_text
from cloud_bridge.pages import SCRIPT, STYLE, figures
from cloud_bridge.pages.words import WORDS, problem_text
from packtrail import __version__
from packtrail.event import UnitRef
from packtrail.language import Text


@cache
def environment() -> Environment:
    """Templates of this folder; an unknown name is an error, every value is escaped."""
    folder = files(__package__).joinpath("templates")
    made = Environment(
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text("utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(figures=figures, style=STYLE, script=SCRIPT, version=__version__)
    return made


def fragment(template: str, language: str, **values: Any) -> Markup:
    """A part of a page that rests on nothing but what it is given."""
    word = partial(_word, language)
    text = environment().get_template(template).render(language=language, t=word, **values)
    # A template made it, which escapes whatever it is given.
    return Markup(text)  # noqa: S704


def _word(language: str, name: str, **fields: object) -> str:
    return WORDS[name].say(language, **fields)


class Paper:
    """Fills templates for one request.

    Args:
        request: whose address the links keep to.
        language: `en` or `zh`.
        now_ns: UTC ns.
    """

    def __init__(self, request: Request, language: str, now_ns: int) -> None:
        self._request = request
        self._language = language
        self._now_ns = now_ns

    def render(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """The page."""
        visitor = visitor_of(self._request)
        text = (
            environment()
            .get_template(template)
            .render(
                language=self._language,
                t=self._word,
                say=self._say,
                problem=lambda problem: problem_text(problem).say(self._language),
                kind=lambda kind: kind_text(kind).say(self._language),
                link=self._link,
                pack_link=self._pack_link,
                station_link=lambda name: self._link(f"/stations/{quote(name, safe='')}"),
                age=lambda t_ns: figures.age(t_ns, self._now_ns, self._language),
                other=self._other(),
                reader=visitor.bearer if visitor else None,
                may_log_in=context_of(self._request).login is not None,
                here_path=self._request.url.path,
                **values,
            )
        )
        headers = {"Content-Language": self._language, "Vary": "Accept-Language, Cookie"}
        return HTMLResponse(text, status, headers=headers)

    def missing(self, name: str, why: str = "") -> HTMLResponse:
        """The page for what is not there."""
        return self.render("missing.html", 404, here="", name=name[:80], why=why[:300])

    def hidden(self, what: HiddenAnswer) -> HTMLResponse:
        """The page for what the access rules hide."""
        return self.render("hidden.html", 403, here="", hidden=[what])

    def _word(self, name: str, **fields: object) -> str:
        return _word(self._language, name, **fields)

    def _say(self, text: Text) -> str:
        return text.say(self._language)

    def _link(self, path: str, **query: str) -> str:
        """An address of ours that keeps the language the reader chose."""
        chosen = self._request.query_params.get("lang", "")
        if chosen in ("en", "zh"):
            query["lang"] = chosen
        pairs = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        return f"{path}?{pairs}" if pairs else path

    def _pack_link(self, unit: UnitRef) -> str:
        return self._link(f"/packs/{quote(str(unit), safe='')}")

    def _other(self) -> str:
        """This page in the other language."""
        target = "en" if self._language == "zh" else "zh"
        return str(
            self._request.url.include_query_params(lang=target).replace(scheme="", netloc="")
        )
