"""`add-checkpoint` of C2SP tlog-witness: the request's form, and the witness's judgement.

The witness remembers one head per log. It cosigns a head of the same size only with the same
root, a larger one only with a proof that it continues the remembered one, a smaller one never.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from packtrail.errors import CodecError
from packtrail.proof.checkpoint import Checkpoint, open_checkpoint
from packtrail.proof.cosignature import WitnessKey, cosign
from packtrail.proof.merkle import EMPTY_ROOT, verify_consistency
from packtrail.signing import SigningKey, VerifyKey

MAX_STEPS: Final = 63
SIZE_TYPE: Final = "text/x.tlog.size"
_OLD = re.compile(r"old (0|[1-9][0-9]{0,17})")


class Answer(NamedTuple):
    """Status, body and content type of an HTTP answer."""

    status: int
    body: str = ""
    kind: str = "text/plain; charset=utf-8"


class Request(NamedTuple):
    """What a log asks: continue from `old` by `steps` to the head in `note`."""

    old: int
    steps: tuple[bytes, ...]
    note: str


def write_request(old: int, steps: Sequence[bytes], note: str) -> bytes:
    """The body of a request."""
    lines = [f"old {old}", *(base64.b64encode(step).decode() for step in steps), "", note]
    return "\n".join(lines).encode()


def read_request(body: bytes) -> Request:
    """Split a request.

    Raises:
        ValueError: it is written otherwise.
    """
    head, separator, note = body.decode().partition("\n\n")
    first, *lines = head.split("\n")
    match = _OLD.fullmatch(first)
    if not separator or match is None or len(lines) > MAX_STEPS:
        raise ValueError("not an old size, a proof and a checkpoint")
    steps = tuple(base64.b64decode(line, validate=True) for line in lines)
    if any(len(step) != 32 for step in steps):
        raise ValueError("a step of the proof is no hash")
    return Request(int(match[1]), steps, note)


class Witness:
    """Judges and remembers.

    Args:
        name: of the witness, in its lines.
        key: signs them.
        logs: origin -> the log's key; others are not known.
        folder: where the last head of each log is kept.
        now_s: UTC seconds.
    """

    def __init__(
        self,
        name: str,
        key: SigningKey,
        logs: Mapping[str, VerifyKey],
        folder: Path,
        now_s: Callable[[], int],
    ) -> None:
        self._name, self._key, self._logs = name, key, logs
        self._folder, self._now_s = folder, now_s
        self._one_at_a_time = threading.Lock()

    @property
    def public(self) -> WitnessKey:
        """What the log and everybody who verifies has to know of it."""
        return WitnessKey(self._name, self._key.public)

    def add(self, body: bytes) -> Answer:
        """Answer one request; a cosignature leaves only after its head is on the disk."""
        try:
            request = read_request(body)
        except (ValueError, binascii.Error) as error:
            return Answer(400, f"{error}\n")
        origin = request.note.partition("\n")[0]
        log_key = self._logs.get(origin)
        if log_key is None:
            return Answer(404, "this log is not known here\n")
        try:
            head = open_checkpoint(request.note, origin, log_key)
        except CodecError as error:
            return Answer(403, f"{error}\n")
        if request.old > head.size:
            return Answer(400, "the old size is beyond the checkpoint\n")
        with self._one_at_a_time:
            return self._judge(request, head, log_key)

    def _judge(self, request: Request, head: Checkpoint, log_key: VerifyKey) -> Answer:
        last = self._last(head.origin, log_key)
        if request.old != last.size:
            return Answer(409, f"{last.size}\n", SIZE_TYPE)
        if head.size == last.size and head.root != last.root:
            return Answer(409, f"{last.size}\n", SIZE_TYPE)
        if not _continues(last, head, request.steps):
            return Answer(422, "the proof does not lead from the head seen before to this one\n")
        self._keep(head.origin, request.note)
        return Answer(200, cosign(head.text, self._name, self._key, self._now_s()))

    def _last(self, origin: str, log_key: VerifyKey) -> Checkpoint:
        """The remembered head; of no lines where there is none.

        Raises:
            CodecError: the file was changed: then nothing may be cosigned.
        """
        file = self._file(origin)
        if not file.exists():
            return Checkpoint(origin, 0, EMPTY_ROOT)
        return open_checkpoint(file.read_text("utf-8"), origin, log_key)

    def _keep(self, origin: str, note: str) -> None:
        file = self._file(origin)
        part = file.with_suffix(".part")
        with part.open("w", encoding="utf-8") as handle:
            handle.write(note)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(file)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _file(self, origin: str) -> Path:
        return self._folder / f"{hashlib.sha256(origin.encode()).hexdigest()[:32]}.checkpoint"


def _continues(last: Checkpoint, head: Checkpoint, steps: Sequence[bytes]) -> bool:
    if last.size in (0, head.size):
        return not steps and (last.size == 0 or head.root == last.root)
    return verify_consistency(last.size, head.size, last.root, head.root, steps)
