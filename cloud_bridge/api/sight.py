"""Who asks, and what he may see: from a request's header to its `Sight`; refusals that say why."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Request

from cloud_bridge.access.doorway import visitor_of
from cloud_bridge.access.fields import EVERYTHING, Field, Purpose, Reader
from cloud_bridge.access.gate import OPEN, Gate, Sight
from cloud_bridge.access.redact import OF_A_PACK
from cloud_bridge.access.visitor import Bearer
from cloud_bridge.api.answers import HiddenAnswer
from cloud_bridge.api.context import Bridge, Context
from cloud_bridge.api.problems import Problem
from packtrail.event import UnitRef
from packtrail.language import Text

NO_KEY: Final = Text(
    "the key is unknown, revoked or expired: ask the operator of this bridge",
    "密钥未知、已吊销或已过期：请联系本云桥的运营者",
)


def sight_of(request: Request, bridge: Bridge) -> Sight:
    """What the reader of a request may see.

    Raises:
        Problem: 401 for a key that is not good, 403 for a purpose that it does not have.
    """
    gate = bridge.access
    asked = _purpose(request.query_params.get("purpose"))
    if gate is None:
        return OPEN
    visitor = visitor_of(request)
    if visitor is None or visitor.bad_key:
        raise Problem(401, NO_KEY)
    if visitor.bearer is None:
        return gate.anybody(asked or Purpose.RECEIVE)
    return gate.sight(visitor.bearer, _allowed(visitor.bearer, asked))


See = Annotated[Sight, Depends(sight_of)]


def sight_now(request: Request, bridge: Context) -> Sight:
    """`sight_of` once more, for an answer that goes on: keys are revoked, logins end, acts change.

    Raises:
        Problem: see `sight_of`.
        StoreError: the database that holds the logins does not answer.
    """
    if bridge.access is not None:
        request.state.visitor = bridge.access.visitor(request.scope)
    return sight_of(request, bridge)


def require(
    request: Request,
    bridge: Context,
    sight: Sight,
    field: Field | frozenset[Field],
    unit: UnitRef | None = None,
    what: str = "",
    also: frozenset[Field] = frozenset(),
) -> None:
    """Let pass who may see `field`, or all of several, and take it down.

    Args:
        request: whose.
        bridge: of which bridge.
        sight: what its reader may see.
        field: without which there is no answer.
        unit: the pack, None for the bridge as a whole.
        what: stands for the path in the log, where the path itself names somebody.
        also: what the answer shows besides, to who may see it.

    Raises:
        Problem: 401 for anybody, 403 for a key: what is hidden, and who may ask for it.
    """
    needed = field if isinstance(field, frozenset) else frozenset({field})
    seen = sight.of(unit)
    if hidden := needed - seen:
        raise refusal(bridge, sight, min(hidden))
    note(request, bridge, sight, needed | (also & seen), what)


def refusal(bridge: Context, sight: Sight, field: Field) -> Problem:
    """What is hidden, and who may ask for it."""
    said = hidden_answer(bridge.access, field)
    detail = Text(
        f"{field.text.en}: hidden by the access rules; may ask: {said.who_en}",
        f"{field.text.zh}：按访问规则不予显示；可申请者：{said.who_zh}",
    )
    return Problem(403 if sight.reader else 401, detail, field=field.value)


def note(
    request: Request, bridge: Context, sight: Sight, shown: frozenset[Field], what: str = ""
) -> None:
    """Take down what is shown, before it is; no cache keeps what not everybody may see."""
    if bridge.access is None:
        return
    request.state.restricted = getattr(request.state, "restricted", False) or bool(
        shown - sight.public
    )
    visitor = visitor_of(request)
    address = visitor.origin.address if visitor else ""
    try:
        bridge.access.note(sight, shown, (what or request.url.path)[:300], address)
    except OSError as error:
        detail = Text(
            "the log of reads cannot be written, so nothing restricted is shown",
            "访问日志无法写入，受限数据暂不提供",
        )
        raise Problem(503, detail) from error


def hidden_from(bridge: Context, seen: frozenset[Field]) -> list[HiddenAnswer]:
    """The parts of a pack that a reader with `seen` is not shown."""
    if bridge.access is None or seen >= EVERYTHING:
        return []
    return [
        hidden_answer(bridge.access, field)
        for field in Field
        if field in OF_A_PACK and field not in seen
    ]


def hidden_answer(gate: Gate | None, field: Field) -> HiddenAnswer:
    """One hidden field."""
    who = gate.who_may_see(field) if gate else (Reader.OPERATOR,)
    return HiddenAnswer(
        field.value,
        field.text.en,
        field.text.zh,
        ", ".join(role.text.en for role in who),
        "、".join(role.text.zh for role in who),
    )


def _purpose(text: str | None) -> Purpose | None:
    try:
        return None if text is None else Purpose(text)
    except ValueError as error:
        known = ", ".join(Purpose)
        raise Problem(422, Text(f"purposes: {known}", f"可选用途：{known}")) from error


def _allowed(bearer: Bearer, asked: Purpose | None) -> Purpose:
    if asked is None:
        return bearer.purpose
    if asked not in bearer.mandate.purposes:
        known = ", ".join(bearer.mandate.purposes)
        detail = Text(f"you may read for: {known}", f"您的可用用途：{known}")
        raise Problem(403, detail, purpose=asked.value)
    return asked
