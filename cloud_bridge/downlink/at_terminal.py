"""What `packtrail bridge ask` does: one order, and its answer as text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cloud_bridge.downlink.orders import Operator, order_of
from cloud_bridge.ledger.authority import TrustReader
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.store.opening import open_existing
from packtrail.downlink import Answer
from packtrail.language import Text
from packtrail.settings import load
from packtrail.signing import SigningKey

OUTCOMES: Final = {
    "done": Text("done", "已完成"),
    "refused": Text("refused", "已拒绝"),
    "rolled_back": Text("rolled back", "已回滚"),
    "trying": Text("being tried", "试用中"),
}


def ask(
    path: Path, gateway: str, what: str, words: Sequence[str], confirm_s: float, wait_s: float
) -> tuple[str, bool]:
    """Order something of a gateway; its answer, and whether it was done.

    Raises:
        PacktrailError: the words do not fit, or nobody answers.
    """
    order = order_of(what, words, confirm_s)
    settings = load(BridgeSettings, path)
    key = SigningKey.load(settings.key_file)
    store = open_existing(settings.store)
    try:
        trust = TrustReader(store, key.public)()
    finally:
        store.close()
    answer = Operator(settings.mqtt, key, trust).order(gateway, order, wait_s)
    return _text(answer), answer.outcome == "done"


def _text(answer: Answer) -> str:
    said = OUTCOMES.get(answer.outcome, Text(answer.outcome, answer.outcome)).say()
    lines = [f"{answer.gateway}: {said}" + (f" ({answer.detail})" if answer.detail else "")]
    if answer.content:
        lines.append(json.dumps(answer.content, ensure_ascii=False, indent=2))
    return "\n".join(lines)
