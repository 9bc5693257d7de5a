"""Health: at the end of a charge an estimate is made, in a process of its own."""

from gateway.health.desk import DeskState, HealthDesk, Request
from gateway.health.session import Session

__all__ = ["DeskState", "HealthDesk", "Request", "Session"]
