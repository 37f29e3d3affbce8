"""Simulated event cameras: sensor, optics, movements, and the datasets that they record."""
