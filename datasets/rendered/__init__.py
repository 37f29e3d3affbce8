"""Desk ornaments rendered with exact masks: a simulated stand-in for NVS-OrangePanda."""
