"""Devices: how a model is run, in this process or as a compiled program."""
