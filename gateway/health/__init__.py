"""Health: at the end of a charge an estimate is made, in a process of its own."""

from gateway.health.desk import Answer, DeskState, HealthDesk, Request
from gateway.health.session import Session

__all__ = ["Answer", "DeskState", "HealthDesk", "Request", "Session"]
