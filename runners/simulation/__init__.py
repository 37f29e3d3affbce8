"""Devices: how a model is run, by Brian2 in another process or as a compiled program."""
