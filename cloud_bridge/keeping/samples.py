"""A chunk with its place in its day: what `packtrail id prove --sample` writes."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Final

import msgspec

from cloud_bridge.errors import BridgeError
from cloud_bridge.ledger.days import DAY_NS, SampleProof, day_of, name_of, path_of
from cloud_bridge.ledger.proof import prove
from cloud_bridge.store import Chunk, Store, StoredChunk
from packtrail.errors import CodecError
from packtrail.event import TelemetryCommitted, TelemetryRetired, UnitRef
from packtrail.language import Text
from packtrail.record import MAX_RECORD_BYTES, unseal
from packtrail.shapes import from_json
from packtrail.signing import VerifyKey
from packtrail.times import format_time

_OPEN: Final = Text("the day is not closed yet", "该日尚未封存")
_LATER: Final = Text("try again an hour after its end", "请在当日结束一小时后再试")
_LATE: Final = Text("the chunk came after the newest root of its day", "数据块晚于当日最新的根")


def sample_proof(
    store: Store, unit: UnitRef, chunk: StoredChunk, origin: str, log_key: VerifyKey
) -> SampleProof:
    """The proof of one chunk of `unit` by the newest root of its day that the log commits to.

    Raises:
        CodecError: the chunk's record is damaged.
        BridgeError: no root of the day is in the signed tree yet, or the chunk came after it.
    """
    signer = unseal(chunk.data, MAX_RECORD_BYTES).key_id
    pack, day = prove(store, unit, origin, log_key, [signer]), day_of(chunk.chunk.to_ns)
    found = [fact for fact in pack.facts if _is_of(fact.signed.read().body, day)]
    where = f"{pack.unit} {name_of(day)}"
    if not found:
        raise BridgeError(_OPEN, where=where, hint=_LATER, retryable=True)
    newest = store.entry(found[-1].signed.event_id)
    stated_ns = newest.recorded_ns if newest else 0
    there = store.day_records(pack.unit, day * DAY_NS, (day + 1) * DAY_NS)
    records = [one for one in there if one.recorded_ns <= stated_ns]
    places = [one.address for one in records]
    if chunk.address not in places:
        raise BridgeError(_LATE, where=where, hint=_LATER, retryable=True)
    index = places.index(chunk.address)
    return SampleProof(
        day=name_of(day),
        record=base64.b64encode(chunk.data).decode(),
        index=index,
        path=path_of(records, index),
        pack=pack,
    )


def retired_sample(store: Store, unit: UnitRef, t_ns: int) -> BridgeError | None:
    """What to say of a moment whose sample was retired; None where none was."""
    for one in store.emptied_of(unit, t_ns, t_ns):
        found = store.entries(one.retired - 1, 1) if one.retired is not None else []
        body = found[0].event.body if found else None
        if not isinstance(body, TelemetryRetired):
            continue
        day = next((day for day in body.days if day.day == name_of(day_of(one.to_ns))), None)
        if day is None:
            continue
        date, policy = format_time(found[0].recorded_ns)[:10], body.policy
        said = _RETIRED.fill(date=date, policy=policy, leaf=found[0].leaf)
        return BridgeError(
            said, where=f"{unit} {format_time(t_ns)}", hint=_REMAINS.fill(day=day.day)
        )
    return None


_RETIRED: Final = Text(
    "the sample was retired on {date} under {policy} (leaf {leaf})",
    "该样本已于 {date} 按 {policy} 清除（账本第 {leaf} 行）",
)
_REMAINS: Final = Text(
    "what can still be proven: that it was sealed among the telemetry of {day}, whose root stands "
    "in the ledger, and when and why it went (`id prove CODE`). A copy of the sealed chunk kept "
    "elsewhere is proven with --copy FILE",
    "仍可证明：它属于 {day} 已封存的遥测，该日的根仍在账本中，以及何时、因何清除（id prove 编码）。"
    "若他处存有密封数据块副本，可用 --copy 文件 证明",
)


def copied_chunk(store: Store, unit: UnitRef, t_ns: int, data: bytes, where: str) -> StoredChunk:
    """A copy that was kept elsewhere, in the place of the chunk that holds `t_ns`.

    Args:
        store: where the chunk was; its number, digest and span are there still.
        unit: that it was sealed for.
        t_ns: a moment of it, UTC ns.
        data: the sealed record, or the proof of a sample that holds it.
        where: the file, for errors.

    Raises:
        BridgeError: no chunk of that moment has the copy's digest.
    """
    sealed = _sealed_in(data)
    try:
        digest = hashlib.sha256(unseal(sealed, MAX_RECORD_BYTES).payload).digest()
    except CodecError as error:
        raise BridgeError(_NO_COPY, where=where, hint=_WHAT_COPY) from error
    day = day_of(t_ns)
    # A chunk over midnight is of the day of its last sample.
    for one in store.day_chunks(unit, day * DAY_NS, (day + 2) * DAY_NS):
        if one.digest == digest and one.from_ns <= t_ns <= one.to_ns:
            chunk = Chunk(unit, one.slot, one.from_ns, one.to_ns, one.samples)
            return StoredChunk(one.address, chunk, sealed, one.recorded_ns)
    raise BridgeError(_OTHER_COPY, where=where, hint=_WHAT_COPY)


def _sealed_in(data: bytes) -> bytes:
    if not data.lstrip().startswith(b"{"):
        return data
    try:
        return base64.b64decode(from_json(data, _Holder).record, validate=True)
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error):
        return data


class _Holder(msgspec.Struct):
    """What of the proof of a sample is asked for."""

    record: str


_NO_COPY: Final = Text("not a sealed record", "不是密封记录")
_OTHER_COPY: Final = Text(
    "no chunk of that moment was recorded with this content", "该时刻没有以此内容登记的数据块"
)
_WHAT_COPY: Final = Text(
    "give the sealed record, or an earlier file of `id prove --sample`",
    "请提供密封记录，或此前 id prove --sample 生成的文件",
)


def _is_of(body: object, day: int) -> bool:
    return isinstance(body, TelemetryCommitted) and body.day == name_of(day)
