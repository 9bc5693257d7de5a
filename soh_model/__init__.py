"""Samples to an estimate of state of health, triage and residual value."""
