"""`Client`: one bridge, its packs, facts, proofs, samples, appraisals and live state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec
import numpy as np

from packtrail.client.answers import (
    Appraisal,
    Event,
    EventPage,
    Head,
    Outcome,
    Outcomes,
    Pack,
    PackLine,
    PackPage,
    Reading,
    SamplePage,
)
from packtrail.client.errors import ClientError, NotProvenError
from packtrail.client.stream import Growth, Stream, decoded
from packtrail.client.transport import WAIT_S, Query, Transport
from packtrail.codes import parse_unit
from packtrail.errors import CodecError
from packtrail.event import SignedEvent, UnitRef
from packtrail.language import Text
from packtrail.proof.checkpoint import Checkpoint, open_checkpoint
from packtrail.proof.cosignature import WitnessKey
from packtrail.proof.pack import PackProof, check_proof
from packtrail.sample import SampleBatch
from packtrail.signing import VerifyKey
from packtrail.times import format_time

API: Final = "/api/v1"
MOST_EVENTS: Final = 500
"""So many may be submitted at once."""

Moment = str | int
"""RFC 3339 UTC, or UTC nanoseconds."""
Page = TypeVar("Page", bound=msgspec.Struct)


class Client:
    """Asks one bridge. Safe to use from several threads, but for `live` and `follow`.

    Args:
        url: where it answers, such as `https://id.example` or `http://127.0.0.1:8080`.
        key: API key, "" for none.
        authority: the bridge's public key, as it was told on another way than by this bridge.
        witnesses: those who have to have cosigned a head, as `packtrail witness` prints them.
        language: in which the bridge says what is wrong, `en` or `zh`; the environment's without.
        purpose: what restricted reads are for; the key's first without.
        timeout_s: how long a silence may last, seconds.

    Raises:
        PacktrailError: an address or a key that is none.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str = "",
        authority: str | VerifyKey | None = None,
        witnesses: Sequence[str] = (),
        language: str = "",
        purpose: str = "",
        timeout_s: float = WAIT_S,
    ) -> None:
        self._ask = Transport(url, key, language=language, purpose=purpose, timeout_s=timeout_s)
        known = isinstance(authority, VerifyKey) or authority is None
        self._authority = authority if known else VerifyKey.from_text(str(authority))
        self._witnesses = [WitnessKey.from_text(text) for text in witnesses]
        self._size = 0

    def packs(self) -> Iterator[PackLine]:
        """Every pack in the order of the codes, page by page as it is asked for."""
        for page in self._pages(f"{API}/packs", PackPage, {"limit": 200}):
            yield from page.packs

    def pack(self, code: str, *, at: Moment | None = None, known: Moment | None = None) -> Pack:
        """The digital ID now, as it was `at` a time, or as it was `known` at a time."""
        return self._ask.get(_path(code), Pack, {"at": _moment(at), "known": _moment(known)})

    def events(self, code: str) -> Iterator[Event]:
        """Every fact about a pack in the order of the ledger, page by page as it is asked for."""
        for page in self._pages(_path(code, "events"), EventPage, {"limit": 1000}):
            yield from page.events

    def event_page(self, code: str, cursor: str | None = None, limit: int = 200) -> EventPage:
        """One page of facts: `next` of a page is the cursor of the page after it."""
        return self._ask.get(_path(code, "events"), EventPage, {"cursor": cursor, "limit": limit})

    def proof(self, code: str) -> PackProof:
        """A pack's facts, proven: signed, entitled, in the signed tree, and none left out.

        Raises:
            NotProvenError: something of it does not hold, or the log is shorter than it was.
            ClientError: see `packtrail.client.errors`.
        """
        where = self._ask.url + _path(code, "proof")
        authority = self._trusted()
        proof = self._ask.get(_path(code, "proof"), PackProof)
        checks = check_proof(proof, authority, self._witnesses)
        faults = [f"{check.name}: {fault}" for check in checks for fault in check.faults]
        if proof.unit != parse_unit(code):
            faults.insert(0, f"it is about {proof.unit}")
        if faults:
            raise NotProvenError(faults, where, checks)
        self._grown(open_checkpoint(proof.checkpoint, proof.origin, authority), where)
        return proof

    def head(self) -> Checkpoint:
        """The newest signed tree head, its signature checked.

        Raises:
            NotProvenError: it is not signed by the key, or the log is shorter than it was.
            ClientError: see `packtrail.client.errors`.
        """
        where = f"{self._ask.url}{API}/checkpoint"
        found = self._ask.get(f"{API}/checkpoint", Head)
        try:
            head = open_checkpoint(found.note, found.origin, self._trusted())
        except CodecError as error:
            raise NotProvenError([str(error)], where) from error
        return self._grown(head, where)

    def samples(
        self, code: str, start: Moment | None = None, end: Moment | None = None
    ) -> Iterator[SampleBatch]:
        """Samples of a span, both ends included, page by page as it is asked for.

        Each page is a batch in order of time; NaN is "not known", columns are (n,) or (n, cells).
        """
        query = {"from": _moment(start), "to": _moment(end), "format": "json"}
        for page in self._pages(_path(code, "telemetry"), SamplePage, query):
            if page.t_ns:
                columns = {name: _floats(one.values) for name, one in page.columns.items()}
                yield SampleBatch(np.array(page.t_ns, np.int64), columns)

    def appraisal(self, code: str) -> Appraisal:
        """What may be done with a pack and what it is worth, with everything it was made of."""
        return self._ask.get(_path(code, "appraisal"), Appraisal)

    def submit(self, events: Sequence[SignedEvent]) -> tuple[Outcome, ...]:
        """Record signed events; what became of each, in their order. Repeating harms nothing."""
        found: list[Outcome] = []
        for begin in range(0, len(events), MOST_EVENTS):
            body = msgspec.json.encode(list(events[begin : begin + MOST_EVENTS]))
            found += self._ask.post(f"{API}/events", body, Outcomes, also=422).outcomes
        return tuple(found)

    def live(
        self, code: str, *, after: int | None = None, patience_s: float = 60.0
    ) -> Iterator[Pack | Reading]:
        """The digital ID now and whenever it changes, the newest reading likewise; without end.

        Lost connections are made again. `after` is a ledger size that the caller's state is of:
        then only what is newer comes.

        Raises:
            ClientError: the bridge says no, or nothing for longer than the patience lasts.
        """
        stream = Stream(self._ask, _path(code, "live"), {"after": after}, patience_s)
        return self._told(stream, {"state": Pack, "reading": Reading})

    def follow(
        self, after: int | None = None, *, patience_s: float = 60.0
    ) -> Iterator[Event | Growth]:
        """The ledger as it grows: how many lines, and each new line that the key may see.

        Without `after` it begins now; with a number of lines, behind them. A caller who keeps the
        newest `leaf + 1` goes on from there after any stop.

        Raises:
            ClientError: see `live`.
        """
        stream = Stream(self._ask, f"{API}/ledger/live", {"after": after}, patience_s)
        return self._told(stream, {"fact": Event, "ledger": Growth})

    def _told(self, stream: Stream, shapes: dict[str, type[msgspec.Struct]]) -> Iterator[Any]:
        for raw in stream.events():
            said = decoded(raw, shapes, self._ask.url)
            if said is not None:
                yield said

    def _pages(self, path: str, shape: type[Page], query: Query) -> Iterator[Page]:
        cursor: str | None = None
        while True:
            page = self._ask.get(path, shape, {**query, "cursor": cursor})
            yield page
            cursor = getattr(page, "next", None)
            if cursor is None:
                return

    def _trusted(self) -> VerifyKey:
        if isinstance(self._authority, VerifyKey):
            return self._authority
        raise ClientError(
            Text("a bridge cannot vouch for itself", "云桥不能自证"),
            where=self._ask.url,
            hint=Text("give its public key as `authority`", "请以 authority 给出其公钥"),
        )

    def _grown(self, head: Checkpoint, where: str) -> Checkpoint:
        """A log that was longer once has been cut, or is another's."""
        if head.size < self._size:
            raise NotProvenError([f"{head.size} lines, {self._size} were proven before"], where)
        self._size = head.size
        return head


def _path(code: str, what: str = "") -> str:
    """The path of a pack, or of something of it.

    Raises:
        CodeError: no code.
    """
    unit: UnitRef = parse_unit(code)
    return f"{API}/packs/{quote(str(unit), safe='')}" + (f"/{what}" if what else "")


def _moment(moment: Moment | None) -> str | None:
    return format_time(moment) if isinstance(moment, int) else moment


def _floats(values: list[Any]) -> Any:
    """Numbers, None as NaN."""
    return np.array(values, np.float64)
