"""A pack's proof: every fact with its path to a signed checkpoint, and the keys that signed.

`check_proof` needs nothing but the proof and the authority's public key. Each check says what it
looked at and where each fault lies.
"""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence

import msgspec

from packtrail.errors import CodecError
from packtrail.event import SignedEvent, UnitRef, encode_event
from packtrail.language import Text
from packtrail.proof.checkpoint import Checkpoint, open_checkpoint
from packtrail.proof.cosignature import WitnessKey, cosigned_at
from packtrail.proof.entry import Entry
from packtrail.proof.merkle import leaf_hash, verify_inclusion
from packtrail.proof.stories import Completeness, completeness_fault, root_in
from packtrail.proof.trust import TrustList, Voice
from packtrail.signing import VerifyKey


class Proven(msgspec.Struct, frozen=True):
    """One fact: its leaf, its content, and the audit path as base64."""

    leaf: int
    signed: SignedEvent
    path: tuple[str, ...]


class PackProof(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is needed to check one pack's story without this bridge.

    Attributes:
        format: 1.
        unit: whose.
        origin: which log.
        checkpoint: the signed tree head, a C2SP note.
        facts: every fact that names the unit.
        keys: every key event up to the checkpoint.
        newer: how many facts are too new for the checkpoint.
        complete: that `facts` are all of the unit's, where the checkpoint commits to that.
    """

    format: int = 1
    unit: UnitRef
    origin: str
    checkpoint: str
    facts: tuple[Proven, ...]
    keys: tuple[Proven, ...]
    newer: int = 0
    complete: Completeness | None = None


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at.

    Attributes:
        name: stable name, such as `inclusion`.
        count: how many were looked at.
        faults: where each fault lies, empty when all is well.
    """

    name: str
    count: int
    faults: tuple[str, ...] = ()

    @property
    def text(self) -> Text:
        """What was checked, as a sentence."""
        return CHECKS[self.name]


CHECKS = {
    "checkpoint": Text("the checkpoint carries the bridge's signature", "检查点带有云桥签名"),
    "witnessed": Text(
        "each witness asked for has cosigned the checkpoint", "所要求的见证方均已联署该检查点"
    ),
    "newer": Text(
        "facts too new for the checkpoint, which this proof leaves out",
        "检查点之后的事实，本证明未涵盖",
    ),
    "inclusion": Text("each fact is in the signed tree", "每条事实都在已签名的树中"),
    "signature": Text("each fact carries its author's signature", "每条事实带有作者签名"),
    "entitled": Text("each author was entitled to state it", "每位作者有权陈述该事实"),
    "numbers": Text("no author gave two contents under one number", "没有同号异文"),
    "whole": Text("nothing of its story up to the checkpoint is left out", "检查点之前无遗漏"),
    "stories": Text("the map of stories follows from the index", "履历映射与索引一致"),
    "telemetry": Text("each telemetry chunk carries its gateway's signature", "遥测数据签名有效"),
    "records": Text("no gateway sent two contents under one number", "网关记录没有同号异文"),
    "tree": Text("the whole ledger gives the signed roots", "整个账本与已签名的根一致"),
    "database": Text("the database's own pages hold together", "数据库文件结构完整"),
    "earlier": Text(
        "the ledger goes on from the head that was verified before", "账本是此前已核验检查点的延续"
    ),
    "lines": Text(
        "each line is canonical, at its place, signed by an author who may state it",
        "账本每行规范、位置正确，并由有权作者签名",
    ),
    "nodes": Text("each node of the tree follows from the lines", "树的每个节点与账本行一致"),
    "heads": Text("each signed head fits the lines before it", "每个检查点与此前的账本行一致"),
    "index": Text("each line is listed under all that it names", "每行均列于其涉及的全部对象之下"),
    "now": Text("what stands where now follows from the lines", "当前位置与车辆索引与账本一致"),
    "lists": Text("lists show what the lines come to", "列表内容与账本一致"),
    "chunks": Text("each chunk is as its gateway sealed it", "每个遥测数据块与网关密封时一致"),
    "duties": Text("lists of open duties are what the lines call for", "待办义务清单与账本一致"),
    "refusals": Text("refused and conflicting bytes are as they came", "被拒与冲突的字节保持原样"),
    "receipts": Text("each receipt is borne out by the records", "每份回执均有记录支持"),
    "complete": Text("no fact of this pack is hidden", "该电池包没有被隐藏的事实"),
    "day": Text("the chunk is in the signed root of its day", "数据块在当日已签名的根中"),
    "sealed": Text(
        "the chunk is as its gateway sealed it for this pack", "数据块由网关为该电池包密封"
    ),
    "days": Text("each day's telemetry gives the root that was stated", "每日遥测与已声明的根一致"),
    "retired": Text(
        "telemetry without its bytes was retired by a statement", "已无内容的遥测均有清除声明"
    ),
    "openings": Text(
        "each opening gives a commitment of these facts", "每个开启值与事实中的承诺值一致"
    ),
    "personal": Text(
        "vehicles' numbers are sealed as facts commit to them, those forgotten are shut",
        "车号的密封与事实中的承诺值一致，已遗忘者不可开启",
    ),
    "issuer": Text("signed by the key that was given", "由所给密钥签署"),
    "appraisal": Text("holds an appraisal in full", "鉴定内容完整"),
    "validity": Text("within its validity", "在有效期内"),
    "subject": Text("about the pack that it names", "与所列电池包一致"),
}


def check_proof(
    proof: PackProof, authority: VerifyKey, witnesses: Sequence[WitnessKey] = ()
) -> list[Check]:
    """Check a proof against the one key that has to be known beforehand.

    Args:
        proof: what was handed out.
        authority: the log's key.
        witnesses: those whose cosignature has to be there.
    """
    try:
        head = open_checkpoint(proof.checkpoint, proof.origin, authority)
    except CodecError as error:
        return [Check("checkpoint", 1, (str(error),))]
    voices = _voices(proof, authority)
    newer = [Check("newer", proof.newer)] if proof.newer else []
    return [
        Check("checkpoint", 1),
        *newer,
        *_witnessed(proof, witnesses),
        _gather("inclusion", (*proof.keys, *proof.facts), lambda one: _lost(one, head)),
        _gather("signature", proof.facts, lambda one: _unsigned(one, voices.get(one.leaf))),
        _gather("entitled", proof.facts, lambda one: _unentitled(one, voices.get(one.leaf))),
        check_numbers(one.signed for one in proof.facts),
        *_completeness(proof, head),
    ]


def _witnessed(proof: PackProof, witnesses: Sequence[WitnessKey]) -> list[Check]:
    faults = [
        f"{one.name} did not cosign it"
        for one in witnesses
        if cosigned_at(proof.checkpoint, one) is None
    ]
    return [Check("witnessed", len(witnesses), tuple(faults))] if witnesses else []


def _completeness(proof: PackProof, head: Checkpoint) -> list[Check]:
    """A head of an older version commits to no stories: then nothing is said of them."""
    root = root_in(head.extension)
    if root is None:
        return []
    facts = sorted(proof.facts, key=lambda one: one.leaf)
    leaves = [leaf_hash(encode_event(one.signed)) for one in facts]
    fault = completeness_fault(proof.complete, root, proof.unit, leaves)
    return [Check("whole", len(leaves), (fault,) if fault else ())]


def check_numbers(facts: Iterable[SignedEvent]) -> Check:
    """Whether any author used one number for two contents."""
    numbered: dict[tuple[str, str, int], set[str]] = defaultdict(set)
    count = 0
    for signed in facts:
        count += 1
        event = signed.read()
        numbered[event.author, event.stream, event.counter].add(signed.event_id)
    faults = [
        f"{author} {stream} number {counter}: {' and '.join(sorted(ids))}"
        for (author, stream, counter), ids in sorted(numbered.items())
        if len(ids) > 1
    ]
    return Check("numbers", count, tuple(faults))


def _voices(proof: PackProof, authority: VerifyKey) -> dict[int, Voice]:
    """Leaf of each fact -> the voice that its key had when it was recorded."""
    trust, voices = TrustList(authority), {}
    keys = deque(sorted(proof.keys, key=lambda one: one.leaf))
    for fact in sorted(proof.facts, key=lambda one: one.leaf):
        while keys and keys[0].leaf < fact.leaf:
            key = keys.popleft()
            trust = trust.extended([Entry(key.leaf, 0, "", encode_event(key.signed))])
        voice = trust.voices.get(fact.signed.key_id)
        if voice:
            voices[fact.leaf] = voice
    return voices


def _gather(name: str, items: Sequence[Proven], fault: Callable[[Proven], str]) -> Check:
    faults = [
        f"leaf {one.leaf} ({one.signed.event_id[:16]}): {why}"
        for one in items
        if (why := fault(one))
    ]
    return Check(name, len(items), tuple(faults))


def _lost(one: Proven, head: Checkpoint) -> str:
    try:
        path = [base64.b64decode(step, validate=True) for step in one.path]
    except binascii.Error:
        return "the path is not base64"
    hashed = leaf_hash(encode_event(one.signed))
    found = verify_inclusion(one.leaf, head.size, hashed, path, head.root)
    return "" if found else "not in the signed tree"


def _unsigned(one: Proven, voice: Voice | None) -> str:
    if voice is None:
        return f"key {one.signed.key_id[:64]} was not registered before it"
    return "" if one.signed.accepted_by(voice.key) else "the signature does not fit"


def _unentitled(one: Proven, voice: Voice | None) -> str:
    if voice is None:
        return ""
    event = one.signed.read()
    if voice.revoked_ns is not None and event.from_ns >= voice.revoked_ns:
        return "its key was revoked by then"
    return voice.objection(event)
