"""The desk: answers `packtrail id`, from the store of the settings or from a running bridge.

What comes over HTTP is believed only after the proof was checked against the key that the
caller gave. Texts leave; a pack that nobody knows is a `BridgeError`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from cloud_bridge.api.answers import EventList
from cloud_bridge.errors import BridgeError
from cloud_bridge.fold import PackState, Told, digest, fold, judge_pack
from cloud_bridge.ledger.audit import audit
from cloud_bridge.ledger.authority import Authority
from cloud_bridge.ledger.offline import checks_json, checks_text
from cloud_bridge.ledger.proof import prove
from cloud_bridge.pages import figures
from cloud_bridge.pages.story import lines_of
from cloud_bridge.privacy.people import for_people, shown_to_people, state_for_people
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.privacy.vault import vault_of
from cloud_bridge.remote import api_key, ask, unknown
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.store import Store
from cloud_bridge.store.opening import open_existing
from cloud_bridge.view import Packs, parse_unit
from cloud_bridge.view.linking import joined
from packtrail.event import UnitRef
from packtrail.language import Text, locale_language
from packtrail.proof.pack import Check, PackProof, check_proof
from packtrail.settings import load
from packtrail.signing import SigningKey, VerifyKey

LINES: Final = 12
EVENTS_PER_PAGE: Final = 1000


def show(
    code: str, settings: Path, url: str | None, *, as_json: bool, key_file: Path | None = None
) -> str:
    """The digital ID of a pack as text or JSON.

    Raises:
        PacktrailError: no such pack, no store, no answer.
    """
    unit = parse_unit(code)
    if url:
        facts, names = _facts(url, unit, api_key(key_file)), dict[str, str]()
    else:
        known = load(BridgeSettings, settings)
        store = open_existing(known.store, vault_of(known.key_file))
        try:
            _expect(store, unit)
            facts = Packs(store).facts(unit)
            names = shown_to_people(Subjects(store), facts)
        finally:
            store.close()
    state = fold(unit, facts)
    if as_json:
        return _state_json(state)
    return _state_text(state_for_people(state, names), for_people(facts, names))


def verify(
    code: str,
    settings: Path,
    url: str | None,
    key: str | None,
    *,
    as_json: bool,
    key_file: Path | None = None,
) -> tuple[str, bool]:
    """Check a pack's story; the report, and whether all is sound.

    Raises:
        PacktrailError: no such pack, no store, no answer, no key to check against.
    """
    unit = parse_unit(code)
    if url:
        checks = _checks_of_url(url, unit, key, api_key(key_file))
    else:
        checks = _checks_of_store(settings, unit)
    sound = all(not check.faults for check in checks)
    return (checks_json(unit, checks) if as_json else checks_text(unit, checks)), sound


def proof(code: str, settings: Path, url: str | None, key_file: Path | None = None) -> PackProof:
    """What `id verify FILE` checks, up to this moment.

    Raises:
        PacktrailError: no such pack, no store, no answer, no signed head yet.
    """
    unit = parse_unit(code)
    if url:
        return ask(url, unit, "proof", PackProof, api_key(key_file))
    known = load(BridgeSettings, settings)
    store = open_existing(known.store)
    try:
        _expect(store, unit)
        key = SigningKey.load(known.key_file)
        Authority(store, key, known.name, known.ledger.origin).seal()
        return prove(store, unit, known.ledger.origin, key.public)
    finally:
        store.close()


def _checks_of_store(path: Path, unit: UnitRef) -> list[Check]:
    settings = load(BridgeSettings, path)
    key = SigningKey.load(settings.key_file).public
    store = open_existing(settings.store)
    try:
        _expect(store, unit)
        origin = settings.ledger.origin
        around = audit(store, unit, origin, key)
        if around[0].faults:
            return around
        return [*check_proof(prove(store, unit, origin, key), key), *around]
    finally:
        store.close()


def _checks_of_url(url: str, unit: UnitRef, key: str | None, token: str) -> list[Check]:
    if key is None:
        raise BridgeError(
            Text("a bridge cannot vouch for itself", "云桥不能自证"),
            where="--url",
            hint=Text("give its public key with --key", "请用 --key 给出其公钥"),
        )
    return check_proof(ask(url, unit, "proof", PackProof, token), VerifyKey.from_text(key))


def _expect(store: Store, unit: UnitRef) -> None:
    if not store.has_unit(unit):
        raise unknown(unit)


def _facts(url: str, unit: UnitRef, token: str) -> list[Told]:
    """Every event of a pack, page by page, with its vehicles as the bridge joins them."""
    query = f"events?limit={EVENTS_PER_PAGE}"
    pages = [ask(url, unit, query, EventList, token)]
    while pages[-1].next:
        pages.append(ask(url, unit, f"{query}&cursor={pages[-1].next}", EventList, token))
    links = {name: subject for page in pages for name, subject in page.subjects.items()}
    return joined([Told.of(one.signed) for page in pages for one in page.events], links)


def _state_json(state: PackState) -> str:
    document = {"digest": digest(state), "verdict": _verdict_json(state), "state": state}
    return msgspec.json.format(msgspec.json.encode(document)).decode()


def _verdict_json(state: PackState) -> dict[str, str]:
    verdict = judge_pack(state)
    return {"level": verdict.level.value, "en": verdict.text.en, "zh": verdict.text.zh}


def _state_text(state: PackState, facts: list[Told]) -> str:
    language = locale_language()
    health = state.newest_health
    soh = health.estimate.soh if health else None
    unknown = Text("not known yet", "尚不明确").say(language)
    rows = [
        (Text("pack", "电池包"), str(state.unit)),
        (Text("verdict", "结论"), judge_pack(state).text.say(language)),
        (Text("stage", "阶段"), state.lifecycle.text.say(language)),
        (Text("where", "位置"), figures.where_text(state.binding, language)),
        (
            Text("health", "健康状态"),
            f"{figures.percent(soh.value)} {figures.plus_minus(soh)}" if soh else unknown,
        ),
        (Text("safety", "安全"), state.safety.text.say(language)),
        (Text("record", "记录"), state.standing.text.say(language)),
        (Text("swaps", "换电"), str(state.swaps)),
    ]
    lines = [f"{name.say(language):10} {value}" for name, value in rows]
    lines += [f"  ! {contest.reason.text.say(language)}" for contest in state.contests]
    lines.append("")
    for one in lines_of(state, facts, language)[:LINES]:
        mark = "!" if one.disputed else " "
        lines.append(f"{figures.moment(one.t_ns)} {mark} {one.text}  [{one.by}]")
    return "\n".join(lines)
