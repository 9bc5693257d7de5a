"""Packs, chargers, stations and fleets that misbehave on purpose."""
