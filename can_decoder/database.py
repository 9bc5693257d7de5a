"""Databases: layouts of one or more files, ready to decode and encode.

Files or layouts enter once; afterwards frames, batches and values pass through the same
compiled plans. Frames that match nothing give nothing; nothing in a frame raises.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from can_decoder.batch import BatchDecoder
from can_decoder.columns import Columns
from can_decoder.compiled import is_wanted
from can_decoder.diagnostic import Diagnostic
from can_decoder.encoding import encode
from can_decoder.errors import DecoderError
from can_decoder.frames import FrameBatch
from can_decoder.layout import MessageLayout
from can_decoder.live import Decode, LiveMessage
from can_decoder.plan import Plan, compile_plan, unavailable
from can_decoder.routing import UNKNOWN, Router
from packtrail.language import Text

EXTENDED_KEY = 1 << 31
GENERATED = ("_live", "_short", "_long")
"""Attributes that hold generated functions: per identifier's message, and per identifier."""
REMEMBERED = 1 << 16
"""J1939 identifiers remembered by their exact value; beyond, they are matched each time."""


class Database:
    """Messages and their compiled plans.

    Args:
        messages: layouts; of two with one identifier the later wins.
        diagnostics: what their files' readers found.
        plans: message index -> its plan, for those that are compiled already.
    """

    def __init__(
        self,
        messages: Iterable[MessageLayout],
        diagnostics: Iterable[Diagnostic] = (),
        plans: Mapping[int, Plan] = MappingProxyType({}),
    ) -> None:
        self.messages: tuple[MessageLayout, ...] = tuple(messages)
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        self._router = Router.of(self.messages)
        self._by_name = {m.name: i for i, m in reversed([*enumerate(self.messages)])}
        self._keys = _unique_names(self.messages)
        self._plans: dict[int, Plan] = dict(plans)
        self._live: dict[int, LiveMessage] = {}
        self._short: dict[int, Decode] = {}
        self._long: dict[int, Decode] = {}

    def __getstate__(self) -> dict[str, object]:
        """Layouts and plans travel; generated functions are made again."""
        return {k: v for k, v in vars(self).items() if k not in GENERATED}

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state, **{name: {} for name in GENERATED})

    def message(self, name: str) -> MessageLayout:
        """The layout of a message by name.

        Raises:
            DecoderError: no such message.
        """
        return self.messages[self._index(name)]

    def find(self, frame_id: int, *, extended: bool) -> MessageLayout | None:
        """The message that frames with this identifier belong to."""
        index = self._router.find(frame_id, extended=extended)
        return None if index == UNKNOWN else self.messages[index]

    def plan(self, name: str) -> Plan:
        """The compiled plan of a message by name."""
        return self._plan(self._index(name))

    def decode(self, frame_id: int, is_extended: bool, data: bytes) -> dict[str, float]:
        """Decode one frame.

        Args:
            frame_id: identifier without flags.
            is_extended: whether it has 29 bits.
            data: payload, any length.

        Returns:
            Physical value per signal that the payload holds; nothing for an unknown frame.
        """
        try:
            return (self._long if is_extended else self._short)[frame_id](data)
        except (KeyError, TypeError, struct.error):  # first of its kind or length, or no bytes
            return self._decode_anew(frame_id, is_extended, bytes(data))

    def decode_many(self, frames: Iterable[tuple[int, bool, bytes]]) -> list[dict[str, float]]:
        """Decode a burst of (identifier, is extended, payload); one dict per frame."""
        short, long, decode = self._short, self._long, self._decode_anew
        result: list[dict[str, float]] = []
        add = result.append
        for frame_id, extended, data in frames:
            try:
                add((long if extended else short)[frame_id](data))
            except (KeyError, TypeError, struct.error):
                add(decode(frame_id, extended, bytes(data)))
        return result

    def _decode_anew(self, frame_id: int, is_extended: bool, data: bytes) -> dict[str, float]:
        """Decode and remember how: a function of one length until a second length is seen."""
        message = self.live(frame_id, extended=is_extended)
        if message is None:
            return {}
        functions = self._long if is_extended else self._short
        function = message[len(data)]
        if frame_id in functions:
            functions[frame_id] = message.decode
        elif len(functions) < REMEMBERED:
            functions[int(frame_id)] = function
        return function(data)

    def live(self, frame_id: int, *, extended: bool) -> LiveMessage | None:
        """The decoding functions of an identifier's message, by payload length."""
        key = frame_id | EXTENDED_KEY if extended else frame_id
        message = self._live.get(key)
        if message is None:
            index = self._router.find(frame_id, extended=extended)
            if index == UNKNOWN:
                return None
            message = LiveMessage(self._plan(index))
            if len(self._live) < REMEMBERED:
                self._live[key] = message
        return message

    def texts(self, frame_id: int, is_extended: bool, data: bytes) -> dict[str, str]:
        """Value-table texts of one frame, for the signals that have one for their value."""
        plan = self._plan_of(frame_id, is_extended)
        texts: dict[str, str] = {}
        if plan is None:
            return texts
        for index in plan.present(data):
            item, table = plan.fields[index], plan.texts.get(index)
            if table and (text := table.get(int(item.raw(data)))) is not None:
                texts[item.name] = text
        return texts

    def invalid(self, frame_id: int, is_extended: bool, data: bytes) -> frozenset[str]:
        """Signals of a J1939 frame that say "not available" or "error"."""
        plan = self._plan_of(frame_id, is_extended)
        if plan is None or not plan.j1939:
            return frozenset()
        present = [plan.fields[index] for index in plan.present(data)]
        return frozenset(
            item.name
            for item in present
            if not item.is_float and unavailable(item.bits(data), item.size)
        )

    def decode_batch(
        self, batch: FrameBatch, *, compiled: bool | None = None
    ) -> dict[str, Columns]:
        """Decode many frames.

        Args:
            batch: frames.
            compiled: whether numba does it; by default if it is installed and the batch is
                large, or has been used before. The result is the same bit for bit.

        Returns:
            Columns per message that occurs; a name that several messages share is made
            unique as `name@identifier`.
        """
        fast = is_wanted(compiled, len(batch))
        route = self._router.route_compiled if fast else self._router.route
        decoder = BatchDecoder(batch, route(batch.ids, batch.extended), self._plan, fast)
        return {self._keys[code]: columns for code, columns in decoder.run()}

    def unknown(self, batch: FrameBatch) -> FrameBatch:
        """The frames of a batch that match no message."""
        return batch.select(self._router.route(batch.ids, batch.extended) == UNKNOWN)

    def encode(self, message_name: str, values: Mapping[str, float], *, fill: int = 0) -> bytes:
        """Pack physical values into a payload; see `can_decoder.encoding.encode`."""
        return encode(self.plan(message_name), values, fill=fill)

    def _plan_of(self, frame_id: int, extended: bool) -> Plan | None:
        index = self._router.find(frame_id, extended=extended)
        return None if index == UNKNOWN else self._plan(index)

    def _plan(self, index: int) -> Plan:
        plan = self._plans.get(index)
        if plan is None:
            plan = self._plans[index] = compile_plan(self.messages[index])
        return plan

    def _index(self, name: str) -> int:
        try:
            return self._by_name[name]
        except KeyError:
            raise DecoderError(
                Text(f"there is no message {name!r}", f"没有报文 {name!r}"),
                hint=Text(
                    "`packtrail dbc show FILE` lists them", "用 `packtrail dbc show FILE` 查看"
                ),
            ) from None


def load(
    paths: str | Path | Sequence[str | Path], *, for_use: bool = False, cached: bool = True
) -> Database:
    """Read one or several database files (DBC; KCD and SYM where cantools is installed).

    Args:
        paths: the files.
        for_use: refuse a file without any message: it can decode nothing, and is usually no
            database at all.
        cached: whether large files may come from `can_decoder.cache`, and go there.

    Raises:
        DecoderError: a file does not exist or cannot be read. What a file *contains* raises
            at most with `for_use`: see `Database.diagnostics`.
    """
    from can_decoder.files import read_file  # noqa: PLC0415 — keeps cantools out of decoding

    several = [paths] if isinstance(paths, str | Path) else list(paths)
    messages: list[MessageLayout] = []
    diagnostics: list[Diagnostic] = []
    plans: dict[int, Plan] = {}
    for path in several:
        found = read_file(Path(path), cached=cached)
        if for_use and not found.messages:
            raise no_message(path)
        plans |= dict(enumerate(found.plans, start=len(messages)))
        messages += found.messages
        diagnostics += found.diagnostics
    return Database(messages, diagnostics, plans)


def no_message(path: str | Path) -> DecoderError:
    """What is said of a file that describes no message."""
    return DecoderError(
        Text("there is no message in it", "其中没有任何报文"),
        where=str(path),
        hint=Text(
            "choose a database file; `packtrail dbc check FILE` lists what is wrong with one",
            "请选择数据库文件；用 `packtrail dbc check FILE` 查看其中的问题",
        ),
    )


def _unique_names(messages: Sequence[MessageLayout]) -> list[str]:
    taken: set[str] = set()
    names = []
    for message in messages:
        name = message.name if message.name not in taken else f"{message.name}@{message.frame_id:X}"
        taken.add(name)
        names.append(name)
    return names
