"""Asks the public HTTP interfaces of gateway and bridge, as any other program would."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from typing import Any, Final

from simulators.controller import UNREACHABLE

TIMEOUT_S: Final = 3.0
_METRIC = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([^}]*)\})? (\S+)$", re.MULTILINE)


def fetch_json(url: str) -> Any:
    """What a GET answers, or None when nobody answers or the answer is an error."""
    text = fetch_text(url)
    return json.loads(text) if text else None


def fetch_text(url: str) -> str:
    """The body of a GET, "" when nobody answers or the answer is an error."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310 - our own loopback
            body: bytes = answer.read()
    except (urllib.error.HTTPError, *UNREACHABLE):
        return ""
    return body.decode()


def answers(url: str) -> bool:
    """Whether anybody answers, be it with an error."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S):  # noqa: S310 - our own loopback
            return True
    except urllib.error.HTTPError:
        return True
    except UNREACHABLE:
        return False


def sum_metric(exposition: str, name: str) -> float:
    """The sum over all labels of a Prometheus metric; 0 where it is absent."""
    return sum(float(value) for found, _, value in _METRIC.findall(exposition) if found == name)
