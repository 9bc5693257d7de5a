"""Recordings through the same path as a live source, to the last receipt.

CAN log or GB/T 32960 capture ─> recording ─> replay ─> pipeline ─> outbox ─> receipts
"""

from gateway.playback.can_log import BURST, CanLog, bursts
from gateway.playback.capture import VehicleCapture
from gateway.playback.recording import Piece, Recording, ReplayPlan
from gateway.playback.replay import Replayed, replay

__all__ = [
    "BURST",
    "CanLog",
    "Piece",
    "Recording",
    "ReplayPlan",
    "Replayed",
    "VehicleCapture",
    "bursts",
    "replay",
]
