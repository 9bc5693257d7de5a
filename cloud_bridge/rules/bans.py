"""Bans as data: which use of a second-life product is forbidden, from when, on what ground."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path

import msgspec

from cloud_bridge.fold import Told
from cloud_bridge.fold.settled import Settlement
from cloud_bridge.fold.told import in_order
from cloud_bridge.rules.dates import CHINA, in_force
from cloud_bridge.store import Store
from cloud_bridge.view.stories import told_of, with_roles
from packtrail.errors import SettingsError
from packtrail.event import ProductAssembled
from packtrail.language import Text
from packtrail.shapes import convert
from packtrail.toml_file import read_toml


class Ban(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """One ban.

    Attributes:
        id: stable name.
        en: the ban in English.
        zh: the ban in Chinese.
        uses: words for the use, as `ProductAssembled.use` has them, whatever their case.
        legal: act and article.
        from_: in force from this date, in China.
        to: in force up to and with this date, "" for open.
    """

    id: str
    en: str
    zh: str
    uses: tuple[str, ...]
    legal: str
    from_: str
    to: str = ""

    @property
    def text(self) -> Text:
        """What is banned."""
        return Text(self.en, self.zh)

    def in_force(self, t_ns: int) -> bool:
        """Whether it binds what happened at `t_ns`."""
        return in_force(self.from_, self.to, t_ns, CHINA)


class Breach(msgspec.Struct, frozen=True):
    """A product for a banned use: which, by whom, when, by which event, and which ban."""

    unit: str
    author: str
    at: str
    event: str
    use: str
    ban: str
    legal: str


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ban: tuple[Ban, ...]


def read_bans(path: Path | None = None) -> tuple[Ban, ...]:
    """The bans of a file, by default those that come with packtrail.

    Raises:
        SettingsError: it cannot be read, or a ban is not of the form.
    """
    source = path or Path(str(files("cloud_bridge.rules").joinpath("bans.toml")))
    try:
        bans = convert(read_toml(source), _Table).ban
        for ban in bans:
            ban.in_force(0)
    except (msgspec.ValidationError, ValueError) as error:
        raise SettingsError(str(source), [str(error)]) from error
    return bans


def breaches(facts: Iterable[Told], bans: Sequence[Ban]) -> list[Breach]:
    """Products whose stated use was banned when they were made, in order of time."""
    found = []
    for told in in_order(facts):
        body, event = told.event.body, told.event
        if not isinstance(body, ProductAssembled):
            continue
        use = body.use.strip().casefold()
        found += [
            Breach(
                str(event.unit),
                event.author,
                event.occurred_from,
                told.event_id,
                body.use,
                ban.id,
                ban.legal,
            )
            for ban in bans
            if use in {word.casefold() for word in ban.uses} and ban.in_force(event.from_ns)
        ]
    return found


def products(store: Store) -> list[Told]:
    """Every product on the ledger that no correction or upheld dispute takes out."""
    facts: list[Told] = []
    for kind in ("ProductAssembled", "CorrectionDeclared", "Disputed", "DisputeResolved"):
        after = -1
        while page := store.entries_of_type(kind, after):
            facts += [told_of(entry) for entry in page]
            after = page[-1].leaf
    return list(Settlement(in_order(with_roles(store, facts))).standing)
