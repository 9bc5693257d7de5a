"""Captures of GB/T 32960.3: one vehicle's logins and reports, which need no profile."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Final

from can_decoder.gbt32960 import (
    Encryption,
    Fault,
    Message,
    login_from,
    pack_codes,
    sample_from,
    scan,
    scannable,
)
from can_decoder.logs.source import Source
from gateway.bus import Mailbox
from gateway.charging import vehicle_of
from gateway.errors import GatewayError
from gateway.pipeline import Pipeline
from gateway.playback.recording import Piece, ReplayPlan
from gateway.settings import SlotSettings
from packtrail.event import VehicleRef
from packtrail.language import Text
from packtrail.sample import Sample

TOGETHER: Final = 100
"""Reports handed over at once."""
MOST_NAMED: Final = 5


class VehicleCapture:
    """A capture, binary or hex text; see `gateway.playback.Recording`.

    Messages that break the rules and encrypted ones are skipped and counted.
    """

    def __init__(self, plan: ReplayPlan) -> None:
        self.slot = SlotSettings(name=plan.slot)
        self.skipped = 0
        self._plan = plan
        self._raw = scannable(b"".join(Source(plan.log).chunks()))
        self._place = 0

    @property
    def pack(self) -> str:
        """The code that the plan names, or else the one that the vehicle's logins name.

        Raises:
            GatewayError: the logins name none, or several.
        """
        if self._plan.pack:
            return self._plan.pack
        logins = filter(None, map(login_from, self._messages()))
        codes = dict.fromkeys(code for login in logins for code in pack_codes(login))
        if len(codes) == 1:
            return next(iter(codes))
        raise GatewayError(
            Text("its logins name {n} packs: {codes}", "登入报文含 {n} 个电池编码：{codes}").fill(
                n=len(codes), codes=", ".join(islice(codes, MOST_NAMED)) or "-"
            ),
            where=str(self._plan.log),
            hint=Text("say which pack it is: --pack CODE", "请用 --pack 指明电池编码"),
        )

    @property
    def vehicle(self) -> VehicleRef | None:
        """The vehicle that reports, where it gives its VIN."""
        return next((vehicle_of(message.vin) for message in self._messages()), None)

    @property
    def fraction(self) -> float:
        """The share of the capture that was read."""
        return self._place / max(len(self._raw), 1)

    def check(self) -> None:
        """Refuse what says nothing of a battery, and what several vehicles say.

        Raises:
            GatewayError: so it is.
        """
        vins = dict.fromkeys(message.vin for message in self._messages())
        if len(vins) > 1:
            raise GatewayError(
                Text("{n} vehicles report in it: {vins}", "含 {n} 辆车的报文：{vins}").fill(
                    n=len(vins), vins=", ".join(islice(vins, MOST_NAMED))
                ),
                where=str(self._plan.log),
                hint=Text("give each vehicle a file of its own", "请将每辆车分别存为一个文件"),
            )
        if not any(map(sample_from, self._messages())):
            raise GatewayError(
                Text("no report in it says anything of a battery", "其中没有含电池数据的实时报文"),
                where=str(self._plan.log),
                hint=Text(
                    "`packtrail decode` shows what it holds; encrypted data cannot be read",
                    "用 packtrail decode 查看内容；加密数据无法读取",
                ),
            )

    def pieces(self) -> Iterator[Piece]:
        """Reports in their order, some at a time."""
        samples = self._samples()
        while some := list(islice(samples, TOGETHER)):
            put = partial(_hand_over, slot=self.slot.name, samples=some)
            yield Piece(some[0].t_ns, some[-1].t_ns, len(some), put)

    def _samples(self) -> Iterator[Sample]:
        for found in scan(self._raw):
            if isinstance(found, Fault) or found.encryption is not Encryption.NONE:
                self.skipped += 1
            elif sample := sample_from(found):
                yield sample
        self._place = len(self._raw)

    def _messages(self) -> Iterator[Message]:
        return (found for found in scan(self._raw) if isinstance(found, Message))


def _hand_over(pipeline: Pipeline, _mailbox: Mailbox, *, slot: str, samples: list[Sample]) -> None:
    pipeline.hear(slot, samples).result()
