"""KCD, SYM and ARXML through cantools, as they come.

A file enters, layouts leave. cantools refuses what it does not like as a whole; that refusal
becomes one diagnostic.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from can_decoder.diagnostic import Diagnostic
from can_decoder.errors import DecoderError
from can_decoder.layout import MessageLayout, SignalLayout
from packtrail.language import Text


def read_foreign(path: Path) -> tuple[list[MessageLayout], list[Diagnostic]]:
    """Layouts of a KCD, SYM or ARXML file.

    Raises:
        DecoderError: cantools is not installed.
    """
    try:
        import cantools  # noqa: PLC0415 — an extra
    except ImportError as error:
        raise DecoderError(
            Text("this kind of file is read by cantools", "此类文件需由 cantools 读取"),
            where=str(path),
            hint=Text(
                "pip install 'packtrail[formats]'", "请安装 pip install 'packtrail[formats]'"
            ),
        ) from error
    try:
        database: Any = cantools.database.load_file(str(path), strict=False)
    except Exception as error:  # noqa: BLE001 — cantools raises whatever its parsers meet
        reason = Text(f"cantools refuses the file: {error}", f"cantools 拒绝该文件：{error}")
        return [], [Diagnostic(path.name, 0, reason)]
    return [_message(message, path.name) for message in database.messages], []


def _message(message: Any, file: str) -> MessageLayout:
    return MessageLayout(
        name=message.name,
        frame_id=message.frame_id,
        extended=message.is_extended_frame,
        size=message.length,
        signals=tuple(_signal(signal) for signal in message.signals),
        j1939=message.protocol == "j1939",
        cycle_ms=message.cycle_time or 0,
        sender=next(iter(message.senders), ""),
        comment=message.comment or "",
        file=file,
    )


def _signal(signal: Any) -> SignalLayout:
    values = sorted(signal.multiplexer_ids or ())
    return SignalLayout(
        name=signal.name,
        start=signal.start,
        size=signal.length,
        little_endian=signal.byte_order == "little_endian",
        signed=signal.is_signed,
        is_float=signal.is_float,
        scale=signal.scale,
        offset=signal.offset,
        minimum=signal.minimum or 0,
        maximum=signal.maximum or 0,
        unit=signal.unit or "",
        texts={int(raw): str(text) for raw, text in (signal.choices or {}).items()},
        is_multiplexor=signal.is_multiplexer,
        parent=signal.multiplexer_signal or "",
        ranges=tuple((value, value) for value in values),
        spn=signal.spn or 0,
        comment=signal.comment or "",
    )
