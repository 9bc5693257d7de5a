"""Fixtures of the bridge's tests."""

from tests.services import mosquitto

__all__ = ["mosquitto"]
