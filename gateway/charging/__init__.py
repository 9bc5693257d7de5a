"""Charging: dialogues of GB/T 27930 that were overheard on a charger's bus become signed facts."""

from gateway.charging.record import brm_reading, charge_recorded, vehicle_of

__all__ = ["brm_reading", "charge_recorded", "vehicle_of"]
