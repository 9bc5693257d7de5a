"""The sessions of one pack from its files of samples."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from packtrail.language import Text
from packtrail.sample import SampleBatch
from soh_model.errors import ModelError
from soh_model.lifetime import sessions_of
from soh_model.prognosis import FEWEST_READINGS
from soh_model.sample_file import read_samples


def sessions_in(files: list[Path]) -> list[SampleBatch]:
    """The sessions of one pack in order of time; one file of three or more is cut into them.

    Raises:
        ModelError: A file cannot be read, or two of them tell of the same time.
    """
    batches = [(read_samples(file), file) for file in files]
    if len(batches) == 1:
        cut = list(sessions_of(batches[0][0]))
        return cut if len(cut) >= FEWEST_READINGS else [batches[0][0]]
    batches.sort(key=lambda pair: int(pair[0].t_ns[0]) if len(pair[0]) else 0)
    for (before, _), (after, file) in pairwise(batches):
        if len(before) and len(after) and after.t_ns[0] <= before.t_ns[-1]:
            raise ModelError(
                Text("the files tell of the same time", "多个文件的时间重叠"),
                where=str(file),
                hint=Text(
                    "give each session once, with a column t_ns (UTC) instead of t_s",
                    "每个时段只提供一次，并使用 t_ns（UTC）列代替 t_s",
                ),
            )
    return [batch for batch, _ in batches]
