"""A pack's portrait: everything that its page shows, read and drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeVar
from urllib.parse import quote

import numpy as np
import segno
from markupsafe import Markup

from cloud_bridge.access.fields import Field
from cloud_bridge.access.redact import redacted
from cloud_bridge.api.context import Context
from cloud_bridge.fold import HealthPoint, Incident, PackState, Told
from cloud_bridge.inquiry import Finding
from cloud_bridge.models import sheet_of
from cloud_bridge.pages import figures
from cloud_bridge.pages.charts import Chart, line_chart
from cloud_bridge.pages.paper import fragment
from cloud_bridge.pages.story import Line, gathered, lines_of
from cloud_bridge.pages.words import WORDS
from cloud_bridge.privacy.people import for_people, state_for_people, vehicles_in
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.retention.told import Keeping, keeping_of
from cloud_bridge.view import PackView
from cloud_bridge.view.kept import Same
from cloud_bridge.view.stories import NEWEST, Story
from packtrail.errors import CodecError
from packtrail.event import ModelSheetPublished, UnitRef
from packtrail.proof.checkpoint import Checkpoint, open_checkpoint
from packtrail.sample import Floats, SampleBatch
from packtrail.times import NS_PER_S, format_time, parse_time

MONTH_NS: Final = 31 * 86_400 * NS_PER_S
LABEL_MASK: Final = 0
KEEPING: Final = frozenset({Field.TELEMETRY, Field.LEDGER})
"""Who sees both is told what is kept, here as by the API."""
Made = TypeVar("Made")

NOTHING: Final = SampleBatch.from_arrays(t_s=())
"""No samples."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """What the page of one pack shows.

    Attributes:
        view: state, verdict and newest reading.
        timeline: its lines, newest first, as far as they are shown; empty where hidden.
        by_event: lines that contradictions name, by their event's id.
        health_chart: state of health over time, or None.
        session: charts of the last session.
        session_span: from when to when it was, "" without one.
        label: QR code of the bare code, as labels carry it.
        proven: how many facts the newest checkpoint covers.
        checkpoint: the newest valid checkpoint, or None.
        sheet: what the maker tells of the model, or None.
        keeping: what is kept of its telemetry; None for who may not see the ledger.
    """

    view: PackView
    timeline: Markup
    by_event: dict[str, Line]
    health_chart: Chart | None
    session: list[Chart]
    session_span: str
    label: Markup
    proven: int
    checkpoint: Checkpoint | None
    sheet: ModelSheetPublished | None = None
    keeping: Keeping | None = None

    @property
    def incidents(self) -> list[Incident]:
        """The newest dozen, newest first."""
        return list(reversed(self.view.state.incidents[-12:]))

    @property
    def path(self) -> str:
        """Below `/api/v1`."""
        return path_of(self.view.unit)

    @property
    def since(self) -> str:
        """31 days before the newest sample, as much as one file holds; "" without samples."""
        reading = self.view.reading
        return format_time(max(0, reading.t_ns - MONTH_NS)) if reading else ""

    @property
    def newest(self) -> HealthPoint | None:
        """The newest report on health, told or not."""
        return self.view.state.health[-1] if self.view.state.health else None


def path_of(unit: UnitRef) -> str:
    """Below `/api/v1`."""
    return f"/packs/{quote(str(unit), safe='')}"


def portrait(
    bridge: Context,
    unit: UnitRef,
    language: str,
    seen: frozenset[Field],
    findings: Sequence[Finding] = (),
) -> Portrait:
    """Read and draw one pack with its findings, as far as a reader may see it."""
    with bridge.store.reading():
        story = bridge.packs.told(unit)
        view = redacted(bridge.packs.view(unit), seen)
        named = _named(bridge, unit, view.state, findings) if Field.LEDGER in seen else []
        checkpoint = _checkpoint(bridge)
        counted = checkpoint if Field.LEDGER in seen else None
        proven = bridge.store.lines_of(unit, counted.size) if counted else 0
        session = bridge.packs.last_session(unit) if Field.TELEMETRY in seen else NOTHING
        sheet = sheet_of(bridge.store, view.state) if Field.MAKING in seen else None
        names = _vehicle_names(bridge, story) if Field.VEHICLES in seen else {}
    view = replace(view, state=state_for_people(view.state, names))
    named = for_people(named, names)
    drawing = _Drawing(bridge, story, unit, language)
    return Portrait(
        view=view,
        timeline=drawing.timeline(names) if Field.LEDGER in seen else Markup(),
        by_event={line.event: line for line in lines_of(view.state, named, language)},
        health_chart=drawing.health() if Field.HEALTH in seen else None,
        session=drawing.session(session),
        session_span=_span(session),
        label=label_of(unit),
        proven=proven,
        checkpoint=checkpoint,
        sheet=sheet,
        keeping=drawing.keeping() if seen >= KEEPING else None,
    )


@dataclass(frozen=True, slots=True)
class _Drawing:
    """What takes long of a portrait, drawn anew only where what it shows has changed."""

    bridge: Context
    story: Story
    unit: UnitRef
    language: str

    def timeline(self, names: Mapping[str, str]) -> Markup:
        """The newest facts, the newest first."""
        stamp = self.story.mark, dict(names)
        return self._kept("timeline", stamp, lambda: self._timeline(names))

    def health(self) -> Chart | None:
        """State of health over time."""
        chart = partial(_health_chart, self.story.state, self.language)
        return self._kept("health", self.story.mark, chart)

    def session(self, batch: SampleBatch) -> list[Chart]:
        """Charts of the last session."""
        return self._kept("session", Same(batch), partial(_session_charts, batch, self.language))

    def keeping(self) -> Keeping | None:
        """What is kept and why, open duties among it; None without facts."""
        bridge, story, now_ns = self.bridge, self.story, self.bridge.now()
        if not story.facts:
            return None
        rules, name = bridge.policy.binding(now_ns), bridge.policy.name
        duties = bridge.duties.about(bridge.store, story.facts, now_ns)
        made = partial(keeping_of, self.unit, name, rules, story.state, story.facts, duties)
        return self._kept("keeping", (story.mark, rules, duties), made)

    def _kept(self, what: str, stamp: object, make: Callable[[], Made]) -> Made:
        return self.bridge.packs.kept.of((what, self.unit, self.language), stamp, make)

    def _timeline(self, names: Mapping[str, str]) -> Markup:
        state, newest = self.story.state, for_people(self.story.newest, names)
        lines = gathered(lines_of(state, newest, self.language), self.language)
        return fragment(
            "timeline.html",
            self.language,
            lines=lines,
            events=state.events,
            newest_lines=NEWEST,
            path=path_of(self.unit),
        )


def _vehicle_names(bridge: Context, story: Story) -> dict[str, str]:
    """What stands for the vehicles of a story."""
    named = [str(vehicle) for vehicle in vehicles_in(story.state)]
    return Subjects(bridge.store).shown([*named, *(one.id for one in story.vehicles)])


def _named(
    bridge: Context, unit: UnitRef, state: PackState, findings: Sequence[Finding]
) -> list[Told]:
    """Facts that a contradiction rests on."""
    names = {event for contest in state.contests for event in contest.events}
    names.update(event for finding in findings for event in finding.events)
    return [told for told in bridge.packs.facts(unit) if told.event_id in names] if names else []


def _checkpoint(bridge: Context) -> Checkpoint | None:
    note = bridge.store.checkpoint()
    try:
        return open_checkpoint(note, bridge.origin, bridge.log_key) if note else None
    except CodecError:
        # The page then says that nothing is signed; `packtrail id verify` says why.
        return None


def label_of(unit: UnitRef) -> Markup:
    """QR code of the bare code, as labels carry it."""
    # Any of the eight masks reads; weighing them against each other took most of the page's time.
    code = segno.make(str(unit), error="m", micro=False, mask=LABEL_MASK)
    # Built by the library from the code's modules alone: no text of anybody stands in it.
    return Markup(code.svg_inline(border=2, dark="#000", omitsize=True))  # noqa: S704


def _health_chart(state: PackState, language: str) -> Chart | None:
    told = [point for point in state.health if point.estimate.soh is not None]
    intervals = [point.estimate.soh for point in told if point.estimate.soh is not None]
    if len(told) < 2:
        return None
    values, low, high = (
        np.array([getattr(i, name) * 100 for i in intervals]) for name in ("value", "low", "high")
    )
    times = [parse_time(point.at) for point in told]
    one_day = times[-1] - times[0] < 2 * 86_400 * NS_PER_S
    return line_chart(
        np.array(times, np.int64),
        values,
        title=WORDS["soh_time"].say(language),
        value=f"{values[-1]:.1f}\u202f%",
        time=figures.clock if one_day else figures.day,
        least_span=4.0,
        band=(low, high),
        dots=len(told) <= 60,
    )


def _session_charts(batch: SampleBatch, language: str) -> list[Chart]:
    """Voltage, current, charge and highest temperature of one session."""
    wanted = (
        ("pack_voltage_v", "voltage", "V", 1, 4.0, "blue"),
        ("pack_current_a", "current", "A", 1, 10.0, "orange"),
        ("soc_pct", "soc", "%", 1, 4.0, "teal"),
        ("temperature_c", "temperature", "°C", 1, 4.0, "violet"),
    )
    charts = []
    for name, word, unit, digits, least, tone in wanted:
        values = _highest(batch, name)
        if values is None:
            continue
        known = values[np.isfinite(values)]
        chart = line_chart(
            batch.t_ns,
            values,
            title=WORDS[word].say(language),
            value=figures.number(float(known[-1]), digits, unit) if len(known) else figures.NONE,
            time=figures.clock,
            least_span=least,
            tone=tone,
            span=(0.0, 100.0) if unit == "%" else None,
        )
        if chart:
            charts.append(chart)
    return charts


def _highest(batch: SampleBatch, name: str) -> Floats | None:
    """A column, or the highest of its cells or probes at each instant."""
    column = batch.values.get(name)
    if column is None and name == "temperature_c":
        column = batch.values.get("temperature_max_c")
    if column is None or column.ndim == 1:
        return column
    known = np.where(np.isfinite(column), column, -np.inf).max(axis=1, initial=-np.inf)
    return np.where(np.isfinite(known), known, np.nan)


def _span(batch: SampleBatch) -> str:
    if not len(batch):
        return ""
    first, last = int(batch.t_ns[0]), int(batch.t_ns[-1])
    return f"{figures.moment(first)[:16]} – {figures.clock(last)}"
