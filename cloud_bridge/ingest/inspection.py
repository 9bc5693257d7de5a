"""What was refused, for a person to look at: a list, and one record opened as far as it goes."""

from __future__ import annotations

import re
from pathlib import Path

from cloud_bridge.errors import BridgeError
from cloud_bridge.store import RefusedRecord, Store
from packtrail.errors import CodecError, reason_of
from packtrail.language import Text
from packtrail.record import Record, unseal
from packtrail.times import format_time
from packtrail.topics import GATEWAY_ID, RecordAddress

_ADDRESS = re.compile(rf"({GATEWAY_ID})/([0-9a-f]{{16}})/([0-9]{{1,18}})")
_SHOWN_BYTES = 256


def parse_address(text: str) -> RecordAddress:
    """`gateway/epoch/seq`, as the list prints it.

    Raises:
        BridgeError: it is written otherwise.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise BridgeError(
            Text("not the number of a record", "不是记录编号"),
            where=text[:100],
            hint=Text("copy it from the list: gateway/epoch/seq", "请从列表复制：网关/纪元/序号"),
        )
    return RecordAddress(match[1], match[2], int(match[3]))


def refused_lines(store: Store, gateway: str | None, limit: int) -> list[str]:
    """A line per refused record, newest first, and one that says so if there is none."""
    lines = [_line(one) for one in store.refusals(gateway, limit)]
    return lines or [Text("nothing was refused", "没有被拒绝的记录").say()]


def stranger_lines(store: Store, limit: int) -> list[str]:
    """A line per message that no trusted key vouched for, newest first."""
    lines = [
        f"{format_time(at_ns)}  {one.reason:10} {ascii(one.topic)[1:-1]}  {len(one.data)} B"
        for one, at_ns in store.strangers(limit)
    ]
    return lines or [Text("every message was vouched for", "所有消息均有可信签名").say()]


def opened(store: Store, address: RecordAddress, target: Path | None) -> list[str]:
    """One refused record: why, what its head says, its first bytes; all of it into `target`.

    Raises:
        BridgeError: no such record was refused, or the file cannot be written.
    """
    found = store.refused(address)
    if found is None:
        raise BridgeError(
            Text("no such record was refused", "没有被拒绝的此记录"),
            where="/".join(map(str, address)),
            hint=Text("see `packtrail bridge refused`", "见 packtrail bridge refused"),
        )
    record, data = found
    if target is not None:
        _save(target, data)
    return [_line(record), *_head(data), f"{len(data)} B  {data[:_SHOWN_BYTES].hex(' ', 4)}"]


def _line(one: RefusedRecord) -> str:
    where = "/".join(map(str, one.address))
    return f"{format_time(one.recorded_ns)}  {where}  {one.reason}: {one.detail}"


def _head(data: bytes) -> list[str]:
    """What the record says of itself, if it can be read so far."""
    try:
        record: Record = unseal(data, len(data)).read()
    except CodecError as error:
        return [Text(f"its head cannot be read: {error}", f"记录头无法读取：{error}").say()]
    rows = {
        "kind": record.kind.value,
        "unit": str(record.unit or "-"),
        "slot": record.slot,
        "t": record.t_ns,
        "sealed": record.sealed_ns,
        "clock": record.clock.value,
        "body": f"{len(record.body)} B",
    }
    return ["  ".join(f"{name}={value}" for name, value in rows.items())]


def _save(target: Path, data: bytes) -> None:
    try:
        target.write_bytes(data)
    except OSError as error:
        raise BridgeError(
            Text("cannot be written: {why}", "无法写入：{why}").fill(why=reason_of(error)),
            where=str(target),
        ) from error
