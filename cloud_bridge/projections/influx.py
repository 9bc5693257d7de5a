"""Time series in InfluxDB 2, InfluxDB 1.8 or a compatible server, by `influxdb-client`.

    telemetry,pack=CODE pack_voltage_v=..,soc_pct=..,cell_voltage_max_v=..    one line a sample
    slot,gateway=..,slot=..  the same fields, while a slot's pack is not known
    health,pack=CODE,method=.. soh=..,soh_low=..,soh_high=..
    incident,pack=CODE,kind=..,severity=.. value=..,limit=..,cleared=..
    fact,pack=CODE,type=.. count=1i                                           one a ledger line

Tags are few on purpose: a pack has a handful of series, whatever gateways and vehicles it sees.
Per-cell quantities are their extremes unless `cells` is set, for a hundred series a pack is a
choice. Written synchronously: the client's batching mode loses points without an error. The same
point twice is one point, so a repeated portion changes nothing; and since servers keep their
newest seconds in memory (VictoriaMetrics forgets them under kill -9), the cursor stays `settle_s`
behind and a fault begins again from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write.point import Point
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from cloud_bridge.projections.contract import Portion, TargetError
from cloud_bridge.settings import InfluxSettings
from cloud_bridge.store import Entry, StoredChunk
from cloud_bridge.view.batches import samples_of
from packtrail import logs
from packtrail.event import ConditionCommitted, IncidentRecorded
from packtrail.language import Text
from packtrail.sample import Floats, SampleBatch
from packtrail.settings import secret

LINES_PER_WRITE: Final = 5_000
SPOILED: Final = (400, 413, 422)
"""What a server answers to lines that it will never take; the others of the batch may be good."""

log = logs.get("cloud_bridge.influx")


class Influx:
    """See `Projection`.

    Args:
        settings: which server and bucket.
    """

    name = "influx"
    reads_samples = True

    def __init__(self, settings: InfluxSettings) -> None:
        self._settings = settings
        self.settle_s = settings.settle_s
        token = secret(settings.token_env) if settings.token_env else ""
        # The client leaves much of itself untyped.
        self._client: Any = InfluxDBClient(
            url=settings.url,
            token=token,
            org=settings.org,
            timeout=int(settings.timeout_s * 1000),
            enable_gzip=True,
            retries=False,
        )
        self._writer: Any = self._client.write_api(write_options=SYNCHRONOUS)
        self.spoiled = 0

    def take(self, portion: Portion) -> None:
        """See `Projection.take`."""
        lines: list[str] = []
        for line in self._lines(portion):
            lines.append(line)
            if len(lines) == LINES_PER_WRITE:
                self._write(lines)
                lines = []
        self._write(lines)

    def tidy(self) -> None:
        """See `Projection.tidy`: servers keep their own house."""

    def forget(self) -> None:
        """See `Projection.forget`: the same points are written over themselves."""

    def close(self) -> None:
        """See `Projection.close`."""
        self._writer.close()
        self._client.close()

    def _lines(self, portion: Portion) -> Iterator[str]:
        for chunk in portion.telemetry:
            if chunk.data:
                yield from chunk_lines(chunk, cells=self._settings.cells)
        for entry in portion.entries:
            yield from entry_lines(entry)

    def _write(self, lines: Sequence[str]) -> None:
        if not lines:
            return
        try:
            self._writer.write(bucket=self._settings.bucket, record="\n".join(lines))
        except ApiException as error:
            if error.status not in SPOILED:
                raise self._down(f"{error.status} {error.reason}") from error
            self._set_aside(lines, error)
        except (HTTPError, InfluxDBError, OSError) as error:
            raise self._down(" ".join(str(error).split())) from error

    def _set_aside(self, lines: Sequence[str], error: ApiException) -> None:
        """Find the lines that spoil a batch by halving it; they are counted, the rest is kept."""
        if len(lines) > 1:
            middle = len(lines) // 2
            self._write(lines[:middle])
            self._write(lines[middle:])
            return
        self.spoiled += 1
        log.error("point_refused", line=lines[0][:200], status=error.status)

    def _down(self, why: str) -> TargetError:
        return TargetError(
            Text(f"the time series do not answer: {why}", f"时序数据库无响应：{why}"),
            where=self._settings.url,
            hint=Text("check [influx] and its token", "请检查 [influx] 与其令牌"),
            retryable=True,
        )


def chunk_lines(chunk: StoredChunk, *, cells: bool) -> Iterator[str]:
    """A line of line protocol per sample that knows anything."""
    batch = samples_of(chunk)
    unit, gateway = chunk.chunk.unit, chunk.address.gateway
    tags = {"pack": str(unit)} if unit else {"gateway": gateway, "slot": chunk.chunk.slot}
    # The client escapes the tags once; the numbers of a chunk need no escaping.
    head = line_of("telemetry" if unit else "slot", tags, {"x": 1}, 0).rpartition(" x=")[0]
    columns = list(_columns(batch, cells=cells))
    for row, t_ns in enumerate(batch.t_ns.tolist()):
        fields = ",".join(
            f"{name}={value:.10g}" for name, values in columns if (value := values[row]) == value
        )
        if fields:
            yield f"{head} {fields} {t_ns}"


def entry_lines(entry: Entry) -> Iterator[str]:
    """What a ledger line says that is worth a curve or a mark on one."""
    event, body = entry.event, entry.event.body
    about = {"pack": str(event.unit)} if event.unit else {}
    yield line_of("fact", {**about, "type": event.type}, {"count": 1}, event.to_ns)
    if isinstance(body, ConditionCommitted) and body.estimate.soh:
        soh = body.estimate.soh
        health = {"soh": soh.value, "soh_low": soh.low, "soh_high": soh.high}
        yield line_of("health", {**about, "method": body.estimate.method}, health, event.to_ns)
    if isinstance(body, IncidentRecorded):
        tags = {**about, "kind": body.kind, "severity": body.severity}
        fields = {"value": body.value, "limit": body.limit, "cleared": float(body.cleared)}
        yield line_of("incident", tags, fields, event.to_ns)


def line_of(
    measurement: str, tags: Mapping[str, str], fields: Mapping[str, float | None], t_ns: int
) -> str:
    """One line of line protocol as the client writes it; a field that is None is left out."""
    content = {"measurement": measurement, "tags": tags, "fields": fields, "time": t_ns}
    line: str = Point.from_dict(content).to_line_protocol()
    return line


def _columns(batch: SampleBatch, *, cells: bool) -> Iterator[tuple[str, list[float]]]:
    for name, column in batch.values.items():
        if column.ndim == 1:
            yield name, column.tolist()
            continue
        yield from _extremes(name, column)
        if cells:
            for at in range(column.shape[1]):
                yield f"{name}_{at + 1}", column[:, at].tolist()


def _extremes(name: str, column: Floats) -> Iterator[tuple[str, list[float]]]:
    stem, unit = name.rsplit("_", 1)
    known = np.isfinite(column).any(axis=1)
    for kind, pick in (("max", np.nanmax), ("min", np.nanmin)):
        values = np.full(len(column), np.nan)
        values[known] = pick(column[known], axis=1) if known.any() else np.nan
        yield f"{stem}_{kind}_{unit}", values.tolist()
