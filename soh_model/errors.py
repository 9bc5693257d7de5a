"""What a caller of `soh_model` can do wrong; bad data is an outcome, not an error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from packtrail.errors import PacktrailError, reason_of, remedy_of
from packtrail.language import Text


class ModelError(PacktrailError):
    """A specification, file or model that cannot be used."""


@contextmanager
def reading(path: Path, hint: Text) -> Iterator[None]:
    """Whatever goes wrong inside with a file names it, and a remedy.

    Args:
        path: the file.
        hint: what helps where an error knows nothing better.

    Raises:
        ModelError: in place of errors of files, numbers and tables.
    """
    try:
        yield
    except PacktrailError as error:
        if error.where:
            raise
        raise ModelError(error.what, where=str(path), hint=error.hint or hint) from error
    except OSError as error:
        raise ModelError(reason_of(error), where=str(path), hint=remedy_of(error)) from error
    except (ValueError, IndexError, TypeError) as error:
        raise ModelError(str(error), where=str(path), hint=hint) from error
