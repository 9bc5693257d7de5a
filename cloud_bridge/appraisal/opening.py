"""The appraiser that a bridge's settings call for."""

from __future__ import annotations

from cloud_bridge.appraisal.appraiser import Appraiser
from cloud_bridge.settings import BridgeSettings


def appraiser_for(settings: BridgeSettings) -> Appraiser | None:
    """The appraiser; None where the settings name no policy and prices."""
    chosen = settings.appraisal
    if chosen is None:
        return None
    return Appraiser(chosen.policy, chosen.prices, chosen.valid_days)
