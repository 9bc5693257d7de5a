"""The local interface on loopback: acts of the station controller, the station page, metrics."""

from gateway.local_api.acts import Told
from gateway.local_api.server import LocalApi

__all__ = ["LocalApi", "Told"]
