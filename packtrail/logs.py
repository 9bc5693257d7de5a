"""Logs: an event name plus fields, one line each, to standard error.

People at a terminal get colours and columns, machines get JSON lines; the lines of the
libraries below us look the same.
"""

from __future__ import annotations

import logging
import sys
from typing import cast

import structlog
from structlog.typing import FilteringBoundLogger, Processor


def configure(*, as_json: bool | None = None, level: str = "INFO") -> None:
    """Send every log line of this process to standard error.

    Args:
        as_json: JSON lines; by default unless standard error is a terminal.
        level: DEBUG, INFO, WARNING or ERROR.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    machine = not sys.stderr.isatty() if as_json is None else as_json
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=_renderers(machine=machine)
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def get(name: str) -> FilteringBoundLogger:
    """A logger for a room: `log.info("receipt_taken", through=17)`."""
    return cast("FilteringBoundLogger", structlog.stdlib.get_logger(name))


def _renderers(*, machine: bool) -> list[Processor]:
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if machine:
        json = structlog.processors.JSONRenderer(ensure_ascii=False)
        return [drop, structlog.processors.format_exc_info, json]
    return [drop, structlog.dev.ConsoleRenderer()]
