"""A profile: rules, and the trackers made from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from can_decoder.database import Database, load
from can_decoder.errors import DecoderError
from can_decoder.frames import FrameBatch
from can_decoder.profiles.binding import bind
from can_decoder.profiles.charging import ChargeTracker
from can_decoder.profiles.rules import Rules, read_rules
from can_decoder.profiles.signals import SignalTracker
from can_decoder.profiles.tracker import Tracker, samples_of
from packtrail.language import Text
from packtrail.sample import SampleBatch


@dataclass(frozen=True, slots=True)
class Profile:
    """Which signals are which quantities.

    Attributes:
        rules: what the file says.
        folder: where it stands; its database stands beside it.
    """

    rules: Rules
    folder: Path

    @property
    def name(self) -> str:
        """Identifier, as `find` takes it."""
        return self.rules.name

    @property
    def title(self) -> Text:
        """Name for people."""
        return Text(self.rules.title.en, self.rules.title.zh)

    @property
    def needs_database(self) -> bool:
        """Whether the caller has to bring a database."""
        return not self.rules.dbc and not self.rules.protocol

    def database(self) -> Database | None:
        """The profile's own database, if it brings one."""
        return load(self.folder / self.rules.dbc) if self.rules.dbc else None

    def tracker(self, database: Database | None = None) -> Tracker:
        """A tracker for one bus.

        Args:
            database: layouts of the bus; the profile's own serves for what it lacks.

        Raises:
            DecoderError: neither database has what the rules name.
        """
        if self.rules.protocol == "gbt27930":
            return ChargeTracker()
        known = [found for found in (database, self.database()) if found is not None]
        quantities = [rule.quantity for rule in self.rules.quantity]
        return SignalTracker(bind(self.rules, known), quantities)

    def samples(
        self,
        frames: FrameBatch | Iterable[FrameBatch],
        period_s: float,
        database: Database | None = None,
    ) -> SampleBatch:
        """Samples of recorded frames, every `period_s` of their own time.

        Args:
            frames: a batch, or the iterator of `can_decoder.read_log`.
            period_s: distance of the samples, seconds.
            database: see `tracker`.
        """
        return SampleBatch.from_samples(list(samples_of(self.tracker(database), frames, period_s)))


def find(name: str | Path) -> Profile:
    """The shipped profile of that name, or the file at that path.

    Raises:
        DecoderError: there is neither, or the file is faulty.
    """
    path = Path(name)
    if path.suffix == ".toml":
        return Profile(read_rules(path), path.parent)
    shipped = _shipped() / f"{name}.toml"
    if not shipped.is_file():
        raise DecoderError(
            Text(f"there is no profile {str(name)!r}", f"没有配置 {str(name)!r}"),
            hint=Text(
                f"shipped are {', '.join(names())}; or give the path of a .toml file",
                f"内置配置：{', '.join(names())}；也可给出 .toml 文件路径",
            ),
        )
    return Profile(read_rules(shipped), shipped.parent)


def names() -> list[str]:
    """Names of the shipped profiles."""
    return sorted(path.stem for path in _shipped().glob("*.toml"))


def _shipped() -> Path:
    return Path(str(files("can_decoder.profiles") / "shipped"))
